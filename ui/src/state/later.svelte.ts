/** True once a condition has held for a while; false as soon as it does not. Call it while a component is set up. */
export function settleLater(condition: () => boolean, afterMs: number): { readonly current: boolean } {
  let isSettled = $state(false);
  $effect(() => {
    if (!condition()) {
      isSettled = false;
      return;
    }
    const timer = setTimeout(() => (isSettled = true), afterMs);
    return () => clearTimeout(timer);
  });
  return {
    get current() {
      return isSettled;
    },
  };
}
