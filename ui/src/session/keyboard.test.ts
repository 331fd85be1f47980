import { beforeEach, describe, expect, it, vi } from "vitest";
import { Keyboard, type Platform } from "./keyboard";
import { keyPress } from "./keypress.fixture";
import type { KeyPress } from "./keysyms";
import { scancodeOf } from "./scancodes";

let sent: string[] = [];
let isOpen = true;
const sink = {
  isOpen: () => isOpen,
  key: (down: boolean, keysym: number, scancode: number) => void sent.push(`${down ? "+" : "-"}${keysym.toString(16)}/${scancode}`),
  releaseAll: () => void sent.push("all"),
};
const press = (code: string, key: string, part: Partial<KeyPress> = {}): KeyPress =>
  keyPress({ code, key, location: code.endsWith("Right") ? 2 : 0, ...part });
const keyboard = (platform: Platform = "linux"): Keyboard => new Keyboard(sink, platform);
const CTRL_ALT = { ctrl: true, alt: true };

beforeEach(() => {
  sent = [];
  isOpen = true;
  vi.useFakeTimers();
});

describe("keys that go down come up", () => {
  it("sends the keysym of the key-down with the key-up, whatever the layout says by then", () => {
    const keys = keyboard();
    keys.press(press("ShiftLeft", "Shift"));
    keys.press(press("Digit1", "!", { shift: true }));
    keys.release("ShiftLeft", "Shift");
    keys.release("Digit1", "1");
    expect(sent).toEqual(["+ffe1/42", "+21/2", "-ffe1/42", "-21/2"]);
  });

  it("repeats the same keysym while a key is held", () => {
    const keys = keyboard();
    keys.press(press("KeyA", "a"));
    keys.press(press("KeyA", "A", { repeat: true, shift: true }));
    expect(sent).toEqual(["+61/30", "+61/30"]);
  });

  it("knows a key without a place by its meaning", () => {
    const keys = keyboard();
    keys.press(press("", "x"));
    keys.release("", "x");
    expect(sent).toEqual(["+78/0", "-78/0"]);
  });

  it("sends nothing for the release of a key that never went down", () => {
    const keys = keyboard();
    keys.release("KeyA", "a");
    expect(sent).toEqual([]);
  });

  it("leaves what a dead key means to the browser", () => {
    const keys = keyboard();
    expect(keys.press(press("Equal", "Dead"))).toEqual({ kind: "passed" });
    expect(keys.press(press("KeyE", "é"))).toEqual({ kind: "sent" });
  });

  it("sends nothing for a key without a meaning and without a place", () => {
    keyboard().press(press("", "Unidentified"));
    expect(sent).toEqual([]);
  });

  it("forgets what was down when everything is released", () => {
    const keys = keyboard();
    keys.press(press("KeyA", "a"));
    keys.releaseAll();
    keys.release("KeyA", "a");
    expect(sent).toEqual(["+61/30", "all"]);
  });

  it("presses and releases a combination in order", () => {
    keyboard().combination([0xffe3, 0xffe9, 0xffff]);
    expect(sent).toEqual(["+ffe3/0", "+ffe9/0", "+ffff/0", "-ffff/0", "-ffe9/0", "-ffe3/0"]);
  });
});

describe("locks", () => {
  it("taps the lock key before the first key that shows that it differs", () => {
    const keys = keyboard();
    keys.locks.heard(0);
    keys.press(press("KeyA", "A", { capsLock: true }));
    expect(sent).toEqual(["+ffe5/58", "-ffe5/58", "+41/30"]);
  });

  it("leaves them alone while observing, and makes up for it after", () => {
    const keys = keyboard();
    keys.locks.heard(0);
    isOpen = false;
    keys.press(press("KeyA", "A", { capsLock: true }));
    isOpen = true;
    sent = [];
    keys.press(press("KeyB", "B", { capsLock: true }));
    expect(sent).toEqual(["+ffe5/58", "-ffe5/58", "+42/48"]);
  });

  it("knows nothing of Num Lock on a Mac", () => {
    const keys = keyboard("mac");
    keys.locks.heard(2);
    keys.press(press("KeyA", "a"));
    expect(sent).toEqual(["+61/30"]);
  });
});

describe("combinations that stay here", () => {
  function hold(keys: Keyboard): void {
    keys.press(press("ControlLeft", "Control", { ctrl: true }));
    keys.press(press("AltLeft", "Alt", CTRL_ALT));
  }

  it("takes Ctrl and Alt back from the remote machine", () => {
    const keys = keyboard();
    hold(keys);
    expect(keys.press(press("KeyK", "k", CTRL_ALT))).toEqual({ kind: "local", action: "command-bar" });
    keys.release("KeyK", "k");
    keys.release("AltLeft", "Alt");
    keys.release("ControlLeft", "Control");
    expect(sent).toEqual(["+ffe3/29", "+ffe9/56", "-ffe3/29", "-ffe9/56"]);
  });

  it("presses modifiers again that are still held when a key for the remote machine follows", () => {
    const keys = keyboard();
    hold(keys);
    keys.press(press("PageDown", "PageDown", CTRL_ALT));
    keys.release("AltLeft", "Alt");
    sent = [];
    keys.press(press("KeyC", "c", { ctrl: true }));
    expect(sent).toEqual(["+ffe3/29", "+63/46"]);
  });

  it("does not take modifiers that repeat for new presses", () => {
    const keys = keyboard();
    hold(keys);
    keys.press(press("KeyO", "o", CTRL_ALT));
    sent = [];
    keys.press(press("AltLeft", "Alt", { ...CTRL_ALT, repeat: true }));
    expect(sent).toEqual([]);
  });
});

describe("AltGr on Windows", () => {
  it("drops the Ctrl that announces it", () => {
    const keys = keyboard("windows");
    keys.press(press("ControlLeft", "Control", { ctrl: true }));
    keys.press(press("AltRight", "AltGraph", { ...CTRL_ALT, altGraph: true }));
    keys.press(press("KeyQ", "@", { ...CTRL_ALT, altGraph: true }));
    vi.runAllTimers();
    expect(sent).toEqual(["+fe03/100", "+40/16"]);
  });

  it("sends a Ctrl of its own after a moment", () => {
    const keys = keyboard("windows");
    keys.press(press("ControlLeft", "Control", { ctrl: true }));
    expect(sent).toEqual([]);
    vi.runAllTimers();
    expect(sent).toEqual(["+ffe3/29"]);
  });

  it("sends Ctrl before the key that follows it", () => {
    const keys = keyboard("windows");
    keys.press(press("ControlLeft", "Control", { ctrl: true }));
    keys.press(press("KeyC", "c", { ctrl: true }));
    keys.release("KeyC", "c");
    keys.release("ControlLeft", "Control");
    expect(sent).toEqual(["+ffe3/29", "+63/46", "-63/46", "-ffe3/29"]);
  });

  it("sends a Ctrl that is only tapped", () => {
    const keys = keyboard("windows");
    keys.press(press("ControlLeft", "Control", { ctrl: true }));
    keys.release("ControlLeft", "Control");
    expect(sent).toEqual(["+ffe3/29", "-ffe3/29"]);
  });

  it("keeps AltGr+Q for the remote machine", () => {
    expect(keyboard("windows").press(press("KeyQ", "@", { ...CTRL_ALT, altGraph: true }))).toEqual({ kind: "sent" });
  });
});

it("lets keys go with Command on a Mac, which tells no other release", () => {
  const keys = keyboard("mac");
  keys.press(press("MetaLeft", "Meta", { meta: true }));
  keys.press(press("KeyC", "c", { meta: true }));
  keys.release("MetaLeft", "Meta");
  expect(sent).toEqual(["+ffeb/125", "+63/46", "-ffeb/125", "-63/46"]);
});

it.each([
  ["Escape", 1],
  ["KeyQ", 16],
  ["IntlBackslash", 86],
  ["NumpadEnter", 96],
  ["AltRight", 100],
  ["Delete", 111],
  ["ContextMenu", 127],
  ["F13", 183],
  ["Nonsense", 0],
  ["", 0],
])("numbers the key %s as Linux does", (code, expected) => {
  expect(scancodeOf(code)).toBe(expected);
});

describe("modifiers whose release nobody told", () => {
  it("lets go of them when the next key shows that they are not held", () => {
    const keys = keyboard();
    keys.press(press("ShiftLeft", "Shift", { shift: true }));
    keys.press(press("KeyA", "a"));
    expect(sent).toEqual(["+ffe1/42", "-ffe1/42", "+61/30"]);
  });

  it("lets go of them when the pointer shows it", () => {
    const keys = keyboard();
    keys.press(press("ControlLeft", "Control", { ctrl: true }));
    keys.matchModifiers({ ctrl: false, alt: false, shift: false, meta: false, altGraph: false });
    keys.release("ControlLeft", "Control");
    expect(sent).toEqual(["+ffe3/29", "-ffe3/29"]);
  });

  it("does not press them again after a combination of this window", () => {
    const keys = keyboard();
    keys.press(press("ControlLeft", "Control", { ctrl: true }));
    keys.press(press("AltLeft", "Alt", CTRL_ALT));
    keys.press(press("KeyO", "o", CTRL_ALT));
    sent = [];
    keys.press(press("KeyA", "a"));
    expect(sent).toEqual(["+61/30"]);
  });

  it("believes in AltGr where browsers do not tell it", () => {
    const keys = keyboard();
    keys.press(press("AltRight", "AltGraph"));
    keys.press(press("KeyQ", "@"));
    expect(sent).toEqual(["+fe03/100", "+40/16"]);
    keys.press(press("KeyE", "€", { altGraph: true }));
    sent = [];
    keys.press(press("KeyA", "a"));
    expect(sent).toEqual(["-fe03/100", "+61/30"]);
  });
});
