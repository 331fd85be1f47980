/** `1 284`, with a space a line cannot break at. */
export function wholeNumber(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, "\u00a0");
}

export function machines(count: number): string {
  return count === 1 ? "1 machine" : `${wholeNumber(count)} machines`;
}
