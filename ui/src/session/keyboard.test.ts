import { beforeEach, describe, expect, it, vi } from "vitest";
import { Keyboard, type Platform } from "./keyboard";
import type { KeyPress } from "./keysyms";
import { scancodeOf } from "./scancodes";

let sent: string[] = [];
const sink = {
  key: (down: boolean, keysym: number, scancode: number) => void sent.push(`${down ? "+" : "-"}${keysym.toString(16)}/${scancode}`),
  releaseAll: () => void sent.push("all"),
};
const press = (code: string, key: string, part: Partial<KeyPress> = {}): KeyPress => ({
  code,
  key,
  location: code.endsWith("Right") ? 2 : 0,
  ctrl: false,
  alt: false,
  shift: false,
  meta: false,
  altGraph: false,
  repeat: false,
  ...part,
});
const keyboard = (platform: Platform = "linux"): Keyboard => new Keyboard(sink, platform);
const CTRL_ALT = { ctrl: true, alt: true };

beforeEach(() => {
  sent = [];
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

  it("passes dead keys to the browser and sends the composed letter", () => {
    const keys = keyboard();
    expect(keys.press(press("Equal", "Dead"))).toEqual({ kind: "passed" });
    keys.release("Equal", "Dead");
    expect(keys.press(press("KeyE", "é"))).toEqual({ kind: "sent" });
    keys.release("KeyE", "e");
    expect(sent).toEqual(["+e9/18", "-e9/18"]);
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
