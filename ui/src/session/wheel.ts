/** Wheel turns in the unit of the wire: 120 a notch, positive down and right. */

export const NOTCH = 120;
/** What one notch of a plain mouse is in pixels, where a browser says nothing better. */
const PIXELS_A_NOTCH = 100;
const LINES_A_NOTCH = 3;

/** What is needed of a WheelEvent. `wheelDelta*` is not in the standard, but tells notches exactly where it exists. */
export interface WheelTurn {
  deltaX: number;
  deltaY: number;
  deltaMode: number;
  wheelDeltaX?: number;
  wheelDeltaY?: number;
}

/** Translates one event; touch pads give fractions of a notch. */
export function wheelNotches(turn: WheelTurn): { dx: number; dy: number } {
  return { dx: along(turn.deltaX, turn.wheelDeltaX, turn.deltaMode), dy: along(turn.deltaY, turn.wheelDeltaY, turn.deltaMode) };
}

function along(delta: number, notches: number | undefined, mode: number): number {
  if (delta === 0) return 0;
  if (notches !== undefined && notches !== 0) return limit(-notches);
  switch (mode) {
    case 1:
      return limit((delta / LINES_A_NOTCH) * NOTCH);
    case 2:
      return limit(Math.sign(delta) * NOTCH * 3);
    default:
      return limit((delta / PIXELS_A_NOTCH) * NOTCH);
  }
}

/** Rounds away from zero, so that a slow turn is never nothing, and keeps to 16 bits. */
function limit(value: number): number {
  const whole = value < 0 ? Math.floor(value) : Math.ceil(value);
  return Math.min(0x7fff, Math.max(-0x8000, whole));
}
