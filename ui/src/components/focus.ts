/** What takes keys or clicks. */
export const CONTROLS = "input:not(:disabled), textarea, select, button:not(:disabled), [href]";

/**
 * Gives something that just opened the focus at once. The kit would do it with the next drawn picture, and what is typed until
 * then would still go to whatever had the focus: over a remote screen, to the remote machine.
 */
export function focusNow(event: Event, target: HTMLElement | null | undefined): void {
  if (!target) return;
  event.preventDefault();
  target.focus({ preventScroll: true });
}
