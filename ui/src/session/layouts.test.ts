// What a machine gets for the events that browsers send, layout by layout. Linux: as Chromium was seen to send them on X11.
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Keyboard, type Platform } from "./keyboard";
import { InputSurface } from "./surface";
import type { Viewer } from "./viewer";

/** One event: `down CODE KEY [MODIFIERS]`, `up CODE KEY [MODIFIERS]`, `start`, `end TEXT`, `input TEXT`. */
type Step = string;

const SIDES: Readonly<Record<string, number>> = { Left: 1, Right: 2 };

function keyEvent(type: string, code: string, key: string, modifiers: readonly string[], isComposing: boolean): KeyboardEvent {
  const has = (name: string): boolean => modifiers.includes(name);
  const side = /^(?:Shift|Control|Alt|Meta)(Left|Right)$/.exec(code)?.[1] ?? "";
  return new KeyboardEvent(type, {
    code,
    key: key === "Space" ? " " : key,
    location: code.startsWith("Numpad") ? 3 : (SIDES[side] ?? 0),
    isComposing,
    bubbles: true,
    cancelable: true,
    ctrlKey: has("Control"),
    altKey: has("Alt"),
    shiftKey: has("Shift"),
    metaKey: has("Meta"),
    repeat: has("repeat"),
    modifierAltGraph: has("AltGraph"),
    modifierCapsLock: has("CapsLock"),
    modifierNumLock: has("NumLock"),
  });
}

let sent: string[] = [];

function play(platform: Platform, steps: readonly Step[]): string {
  sent = [];
  const keyboard = new Keyboard(
    {
      isOpen: () => true,
      key: (down, keysym, scancode) => void sent.push(`${down ? "+" : "-"}${keysym.toString(16)}/${scancode}`),
      releaseAll: () => void sent.push("all"),
    },
    platform,
  );
  const viewer = {
    keyboard,
    viewOnly: false,
    type: (text: string) => void (text !== "" && sent.push(`"${text}"`)),
    release: () => keyboard.releaseAll(),
  } as unknown as Viewer;
  const element = document.createElement("div");
  const ignored = (): void => undefined;
  new InputSurface(element, viewer, {
    picture: () => ({ left: 0, top: 0, width: 0, height: 0 }),
    local: ignored,
    focused: ignored,
    pan: ignored,
    zoom: ignored,
  }).attach();
  let isComposing = false;
  for (const step of steps) {
    const [kind = "", first = "", second = "", ...modifiers] = step.split(" ");
    if (kind === "down" || kind === "up") element.dispatchEvent(keyEvent(`key${kind}`, first, second, modifiers, isComposing));
    else if (kind === "start" || kind === "end") {
      isComposing = kind === "start";
      element.dispatchEvent(new CompositionEvent(`composition${kind}`, { data: first }));
    } else element.dispatchEvent(new InputEvent("beforeinput", { inputType: "insertText", data: first }));
  }
  vi.runAllTimers();
  return sent.join(" ");
}

/** A key that goes down and up. */
const tap = (code: string, key: string, modifiers = ""): Step[] => [`down ${code} ${key} ${modifiers}`, `up ${code} ${key} ${modifiers}`];
/** A dead key and the key after it, as Chromium on Linux tells them. */
const compose = (dead: string, code: string, text: string, key = text): Step[] => [
  `down ${dead} Process`,
  "start",
  `up ${dead} Dead`,
  `down ${code} Process`,
  `end ${text}`,
  `up ${code} ${key}`,
];

function check(platform: Platform, cases: [string, Step[], string][]): void {
  it.each(cases)("%s", (_, steps, expected) => expect(play(platform, steps)).toBe(expected));
}

beforeEach(() => vi.useFakeTimers());

describe("US", () => {
  check("linux", [
    ["a letter", tap("KeyA", "a"), "+61/30 -61/30"],
    [
      "a capital by Shift",
      ["down ShiftLeft Shift Shift", ...tap("KeyA", "A", "Shift"), "up ShiftLeft Shift"],
      "+ffe1/42 +41/30 -41/30 -ffe1/42",
    ],
    [
      "a capital by Caps Lock",
      ["down CapsLock CapsLock", "up CapsLock CapsLock CapsLock", ...tap("KeyA", "A", "CapsLock")],
      "+ffe5/58 -ffe5/58 +41/30 -41/30",
    ],
    ["seven of the number pad", tap("Numpad7", "7", "NumLock"), "+ffb7/71 -ffb7/71"],
    ["Home of the number pad", tap("Numpad7", "Home"), "+ff95/71 -ff95/71"],
    ["the right Alt, which is Alt here", tap("AltRight", "Alt", "Alt"), "+ffea/100 -ffea/100"],
    [
      "keys that overlap",
      ["down KeyA a", "down KeyS s", "up KeyA a", "down KeyD d", "up KeyS s", "up KeyD d"],
      "+61/30 +73/31 -61/30 +64/32 -73/31 -64/32",
    ],
  ]);
});

describe("German", () => {
  const atSign = ["down AltRight AltGraph", ...tap("KeyQ", "@", "AltGraph"), "up AltRight AltGraph AltGraph"];
  check("linux", [
    ["z where US keyboards have y", tap("KeyY", "z"), "+7a/21 -7a/21"],
    ["sharp s and umlauts", [...tap("Minus", "ß"), ...tap("Quote", "ä")], "+df/12 -df/12 +e4/40 -e4/40"],
    ["AltGr and a letter", atSign, "+fe03/100 +40/16 -40/16 -fe03/100"],
    ["the euro", tap("KeyE", "€", "AltGraph"), "+10020ac/18 -10020ac/18"],
    ["the key that US keyboards lack", tap("IntlBackslash", "<"), "+3c/86 -3c/86"],
    ["´ and e", compose("Equal", "KeyE", "é", "e"), "+0/13 -0/13 +e9/18 -e9/18"],
    ["^ and a", compose("Backquote", "KeyA", "â", "a"), "+0/41 -0/41 +e2/30 -e2/30"],
    ["^ and space", compose("Backquote", "Space", "^", "Space"), "+0/41 -0/41 +5e/57 -5e/57"],
    [
      "` by Shift, then a",
      // Chromium never tells that Shift comes up.
      ["down ShiftLeft Shift Shift", "down Equal Process Shift", "start", "up Equal Dead Shift", "down KeyA Process", "end à", "up KeyA a"],
      "+ffe1/42 +0/13 -0/13 -ffe1/42 +e0/30 -e0/30",
    ],
    [
      "´ and a capital",
      ["down Equal Process", "start", "down ShiftLeft Shift Shift", "down KeyE Process Shift", "end É", "up KeyE E Shift", "up ShiftLeft Shift"],
      "+0/13 +ffe1/42 +c9/18 -c9/18 -ffe1/42",
    ],
    [
      "´ and a capital whose Shift the browser keeps to itself",
      ["down Equal Process", "start", "up Equal Dead", "down KeyE Process Shift", "end É", "up KeyE E", "down KeyA a"],
      "+0/13 -0/13 +ffe1/42 +c9/18 -c9/18 -ffe1/42 +61/30",
    ],
    ["a dead key that is taken back", ["down Equal Process", "start", "down Backspace Process", "end"], "+0/13 +0/14"],
  ]);
  check("windows", [
    ["AltGr", atSign.toSpliced(0, 0, "down ControlLeft Control Control").concat("up ControlLeft Control"), "+fe03/100 +40/16 -40/16 -fe03/100"],
    [
      "AltGr that is held",
      [
        "down ControlLeft Control Control",
        "down AltRight AltGraph",
        "down ControlLeft Control Control repeat",
        "down AltRight AltGraph AltGraph repeat",
        ...tap("KeyQ", "@", "AltGraph"),
      ],
      "+fe03/100 +fe03/100 +40/16 -40/16",
    ],
    [
      "Ctrl and Alt for AltGr",
      ["down ControlLeft Control Control", "down AltLeft Alt Control Alt", ...tap("KeyQ", "@", "AltGraph Control Alt")],
      "+ffe3/29 +ffe9/56 -ffe3/29 -ffe9/56 +40/16 -40/16",
    ],
    ["´ and e", [...tap("Equal", "Dead"), ...tap("KeyE", "é")], "+0/13 -0/13 +e9/18 -e9/18"],
  ]);
  check("mac", [
    ["Option and a letter", ["down AltLeft Alt Alt", ...tap("KeyL", "@", "Alt"), "up AltLeft Alt"], "+ffe9/56 -ffe9/56 +40/38 -40/38"],
    ["Option and P, which is Greek", tap("KeyP", "π", "Alt"), "+10003c0/25 -10003c0/25"],
    ["Caps Lock on and off", ["down CapsLock CapsLock CapsLock", "up CapsLock CapsLock"], "+ffe5/58 -ffe5/58 +ffe5/58 -ffe5/58"],
    ["´ and e", ["down Equal Dead", "start", "up Equal Dead", "down KeyE é", "end é", "up KeyE e"], "+0/13 -0/13 +e9/18 -e9/18"],
  ]);
});

describe("French", () => {
  check("linux", [
    ["a where US keyboards have q", tap("KeyQ", "a"), "+61/16 -61/16"],
    ["m where they have a semicolon", tap("Semicolon", "m"), "+6d/39 -6d/39"],
    ["the letters of the digits", [...tap("Digit2", "é"), ...tap("Digit9", "ç")], "+e9/3 -e9/3 +e7/10 -e7/10"],
    ["a digit by Shift", tap("Digit1", "1", "Shift"), "+31/2 -31/2"],
    ["AltGr and a digit", tap("Digit0", "@", "AltGraph"), "+40/11 -40/11"],
    ["^ and e", compose("BracketLeft", "KeyE", "ê", "e"), "+0/26 -0/26 +ea/18 -ea/18"],
    ["Ctrl+A is where a is printed", tap("KeyQ", "a", "Control"), "+61/16 -61/16"],
  ]);
});

describe("Russian", () => {
  check("linux", [
    ["a letter", tap("KeyQ", "й"), "+1000439/16 -1000439/16"],
    ["a capital", tap("Backquote", "Ё", "Shift"), "+1000401/41 -1000401/41"],
    ["the number sign", tap("Digit3", "№", "Shift"), "+1002116/4 -1002116/4"],
    ["Ctrl+C", tap("KeyC", "с", "Control"), "+63/46 -63/46"],
  ]);
});

describe("US international", () => {
  check("linux", [
    ["' and e", compose("Quote", "KeyE", "é", "e"), "+0/40 -0/40 +e9/18 -e9/18"],
    ["~ and n", compose("Backquote", "KeyN", "ñ", "n"), "+0/41 -0/41 +f1/49 -f1/49"],
    ["' and t, which are no letter together", compose("Quote", "KeyT", "´t", "t"), '+0/40 -0/40 "´" +74/20 -74/20'],
    ["' and e, so quickly that both are down", ["down Quote Process", "start", "down KeyE Process", "end é", "up Quote '", "up KeyE e"], "+0/40 +e9/18 -0/40 -e9/18"],
    ["AltGr and a letter", tap("KeyS", "ß", "AltGraph"), "+df/31 -df/31"],
  ]);
});

describe("text without keys", () => {
  check("linux", [
    ["an on-screen keyboard", ["input ü"], '"ü"'],
    ["an input method that hides its keys", ["down  Process", "start", "end 日本"], '"日本"'],
  ]);
});
