/** A key press as tests write it down: what they do not name is not held. */
import type { KeyPress } from "./keysyms";

export const keyPress = (part: Partial<KeyPress>): KeyPress => ({
  code: "",
  key: "",
  location: 0,
  ctrl: false,
  alt: false,
  shift: false,
  meta: false,
  altGraph: false,
  capsLock: false,
  numLock: false,
  repeat: false,
  ...part,
});
