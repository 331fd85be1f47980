/** Which X11 keysym a key of the keyboard means (X11 protocol, appendix A "KEYSYM Encoding"). */

/** Keys whose meaning does not depend on where they are. */
const NAMED: Readonly<Record<string, number>> = {
  Backspace: 0xff08, Tab: 0xff09, Clear: 0xff0b, Enter: 0xff0d, Pause: 0xff13, ScrollLock: 0xff14, Escape: 0xff1b,
  Delete: 0xffff, Home: 0xff50, ArrowLeft: 0xff51, ArrowUp: 0xff52, ArrowRight: 0xff53, ArrowDown: 0xff54,
  PageUp: 0xff55, PageDown: 0xff56, End: 0xff57, Select: 0xff60, PrintScreen: 0xff61, Execute: 0xff62, Insert: 0xff63,
  Undo: 0xff65, Redo: 0xff66, ContextMenu: 0xff67, Find: 0xff68, Cancel: 0xff69, Help: 0xff6a, NumLock: 0xff7f,
  CapsLock: 0xffe5, AltGraph: 0xfe03, Compose: 0xff20,
  KanjiMode: 0xff21, NonConvert: 0xff22, Convert: 0xff23, Romaji: 0xff24, Hiragana: 0xff25, Katakana: 0xff26,
  HiraganaKatakana: 0xff27, Zenkaku: 0xff28, Hankaku: 0xff29, ZenkakuHankaku: 0xff2a, KanaMode: 0xff2d,
  Eisu: 0xff30, Alphanumeric: 0xff30, HangulMode: 0xff31, HanjaMode: 0xff34, JunjaMode: 0xff38,
  BrightnessUp: 0x1008ff02, BrightnessDown: 0x1008ff03, AudioVolumeDown: 0x1008ff11, AudioVolumeMute: 0x1008ff12,
  AudioVolumeUp: 0x1008ff13, MediaPlayPause: 0x1008ff14, MediaStop: 0x1008ff15, MediaTrackPrevious: 0x1008ff16,
  MediaTrackNext: 0x1008ff17, BrowserHome: 0x1008ff18, LaunchMail: 0x1008ff19, BrowserSearch: 0x1008ff1b,
  BrowserBack: 0x1008ff26, BrowserForward: 0x1008ff27, BrowserStop: 0x1008ff28, BrowserRefresh: 0x1008ff29,
  BrowserFavorites: 0x1008ff30, Eject: 0x1008ff2c, Close: 0x1008ff56, Copy: 0x1008ff57, Cut: 0x1008ff58,
  Open: 0x1008ff6b, Paste: 0x1008ff6d, Save: 0x1008ff77,
};

/** Modifiers come in a left and a right one. */
const SIDED: Readonly<Record<string, readonly [number, number]>> = {
  Shift: [0xffe1, 0xffe2],
  Control: [0xffe3, 0xffe4],
  Alt: [0xffe9, 0xffea],
  Meta: [0xffeb, 0xffec],
  Super: [0xffeb, 0xffec],
  Hyper: [0xffed, 0xffee],
};

const TOLD: readonly { key: string; name: keyof Modifiers }[] = [
  { key: "Shift", name: "shift" },
  { key: "Control", name: "ctrl" },
  { key: "Alt", name: "alt" },
];

/** The number pad, whose keys mean one thing with Num Lock and another without. */
const NUMPAD: Readonly<Record<string, number>> = {
  Enter: 0xff8d, Home: 0xff95, ArrowLeft: 0xff96, ArrowUp: 0xff97, ArrowRight: 0xff98, ArrowDown: 0xff99,
  PageUp: 0xff9a, PageDown: 0xff9b, End: 0xff9c, Clear: 0xff9d, Insert: 0xff9e, Delete: 0xff9f,
  "=": 0xffbd, "*": 0xffaa, "+": 0xffab, ",": 0xffac, "-": 0xffad, ".": 0xffae, "/": 0xffaf,
};

const LOCATION_RIGHT = 2;
const LOCATION_NUMPAD = 3;
const F1 = 0xffbe;
const UNICODE = 0x01000000;

/** Which modifiers are held. */
export interface Modifiers {
  ctrl: boolean;
  alt: boolean;
  shift: boolean;
  meta: boolean;
  altGraph: boolean;
}

/** What is needed of a KeyboardEvent; plain so that tests can write one down. */
export interface KeyPress extends Modifiers {
  /** The physical key, e.g. `KeyQ`. Empty if the browser cannot tell. */
  code: string;
  /** What it means in the current layout, e.g. `@` or `Enter`. */
  key: string;
  location: number;
  capsLock: boolean;
  numLock: boolean;
  repeat: boolean;
}

/** The modifier a keysym stands for, if browsers tell reliably whether it is held; they do not for the Windows key. */
export function modifierOf(keysym: number): { key: string; name: keyof Modifiers } | null {
  if (keysym === NAMED.AltGraph) return { key: "AltGraph", name: "altGraph" };
  const found = TOLD.find(({ key }) => SIDED[key]?.includes(keysym));
  return found ?? null;
}

/** Whether a key only changes what others mean. */
export function isModifier(key: string): boolean {
  return key in SIDED || ["AltGraph", "CapsLock", "NumLock"].includes(key);
}

/** The keysym of one character: Latin-1 as it is, everything else by its Unicode number. */
export function keysymOfCharacter(character: string): number | null {
  const point = character.codePointAt(0);
  if (point === undefined || point < 0x20 || (point >= 0x7f && point < 0xa0)) return null;
  return point < 0x100 ? point : UNICODE + point;
}

/** The keysym of a key, or `null` if it means nothing by itself: a dead key, a key an input method keeps. */
export function keysymOf(press: KeyPress): number | null {
  const { key, code, location } = press;
  if (code === "AltLeft" && key === "Meta") return 0xffe9; // X11 turns Shift+Alt into Meta; the remote does that itself.
  const sides = SIDED[key];
  if (sides) return location === LOCATION_RIGHT ? sides[1] : sides[0];
  if (location === LOCATION_NUMPAD) {
    const named = NUMPAD[key];
    if (named !== undefined) return named;
    if (/^[0-9]$/.test(key)) return 0xffb0 + Number(key);
  }
  const named = NAMED[key];
  if (named !== undefined) return named;
  const func = /^F([1-9]|[12][0-9]|3[0-5])$/.exec(key);
  if (func) return F1 + Number(func[1]) - 1;
  if ([...key].length !== 1) return null;
  return shortcutLetter(press) ?? keysymOfCharacter(key);
}

/**
 * The Latin letter of a shortcut typed in another script.
 *
 * Ctrl+C on a Cyrillic layout is Ctrl+с to the browser, which no program answers to; the person means the key.
 */
function shortcutLetter({ key, code, ctrl, alt, meta, altGraph, shift }: KeyPress): number | null {
  if (altGraph || !(ctrl || alt || meta)) return null;
  const point = key.codePointAt(0) ?? 0;
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  if (point < 0x250 || letter === undefined) return null;
  return (shift ? letter : letter.toLowerCase()).charCodeAt(0);
}
