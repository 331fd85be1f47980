/** The few combinations that stay here while a remote screen has the keyboard: Ctrl+Alt and one more. */
import type { KeyPress } from "./keysyms";

export type LocalAction =
  | "command-bar"
  | "next-tab"
  | "previous-tab"
  | "full-screen"
  | "toolbar"
  | "own-window"
  | "observe"
  | "release-keyboard"
  | "ctrl-alt-del"
  | "type-clipboard"
  | "screenshot"
  | "reconnect"
  | "disconnect"
  | "zoom-in"
  | "zoom-out"
  | "zoom-fit";

const COMBOS: Readonly<Record<string, LocalAction>> = {
  k: "command-bar",
  PageDown: "next-tab",
  PageUp: "previous-tab",
  Enter: "full-screen",
  b: "toolbar",
  w: "own-window",
  o: "observe",
  g: "release-keyboard",
  End: "ctrl-alt-del",
  v: "type-clipboard",
  s: "screenshot",
  r: "reconnect",
  q: "disconnect",
  "+": "zoom-in",
  "=": "zoom-in",
  "-": "zoom-out",
  "0": "zoom-fit",
};

/** What some layouts have only with Shift, as "+" on the American and "0" on the French; others have something else there. */
const WITH_SHIFT = new Set(["+", "-", "0"]);

/** What a key press means to this window, or `null` if it belongs to the remote machine. */
export function localAction(press: KeyPress): LocalAction | null {
  // AltGr reads as Ctrl+Alt on Windows; there it types characters such as @ and €.
  if (!press.ctrl || !press.alt || press.altGraph || press.meta) return null;
  if (press.shift && !WITH_SHIFT.has(press.key)) return null;
  const letter = /^Key([A-Z])$/.exec(press.code)?.[1]?.toLowerCase();
  // What is printed on the key counts, and its place only where the layout has no Latin letters.
  const name = /^[\x20-\x7e]$/.test(press.key) ? press.key.toLowerCase() : press.key.length > 1 ? press.key : letter;
  return COMBOS[name ?? ""] ?? null;
}
