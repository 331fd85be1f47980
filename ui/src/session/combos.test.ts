import { expect, it } from "vitest";
import { localAction } from "./combos";
import { keyPress } from "./keypress.fixture";
import type { KeyPress } from "./keysyms";

const held = { ctrl: true, alt: true };

it.each<[string, Partial<KeyPress>, string | null]>([
  ["K", { code: "KeyK", key: "k" }, "command-bar"],
  ["K with Caps Lock", { code: "KeyK", key: "K" }, "command-bar"],
  ["the key of K on a Cyrillic layout", { code: "KeyK", key: "л" }, "command-bar"],
  ["what says Q on a French layout", { code: "KeyA", key: "q" }, "disconnect"],
  ["the key of Q on a French layout", { code: "KeyQ", key: "a" }, null],
  ["Page Down", { code: "PageDown", key: "PageDown" }, "next-tab"],
  ["Page Up", { code: "PageUp", key: "PageUp" }, "previous-tab"],
  ["Enter", { code: "Enter", key: "Enter" }, "full-screen"],
  ["B", { code: "KeyB", key: "b" }, "toolbar"],
  ["W", { code: "KeyW", key: "w" }, "own-window"],
  ["End", { code: "End", key: "End" }, "ctrl-alt-del"],
  ["Delete, which is the remote machine's", { code: "Delete", key: "Delete" }, null],
  ["an arrow", { code: "ArrowLeft", key: "ArrowLeft" }, null],
  ["Alt itself", { code: "AltLeft", key: "Alt" }, null],
  ["K without Alt", { code: "KeyK", key: "k", alt: false }, null],
  ["K without Ctrl", { code: "KeyK", key: "k", ctrl: false }, null],
  ["K with Shift", { code: "KeyK", key: "K", shift: true }, null],
  ["= on an American layout", { code: "Equal", key: "=" }, "zoom-in"],
  ["Shift and =, which is + on an American layout", { code: "Equal", key: "+", shift: true }, "zoom-in"],
  ["Shift and ;, which is + on a Japanese layout", { code: "Semicolon", key: "+", shift: true }, "zoom-in"],
  ["+ on a German layout", { code: "BracketRight", key: "+" }, "zoom-in"],
  ["+ of the number pad", { code: "NumpadAdd", key: "+" }, "zoom-in"],
  ["Shift and à, which is 0 on a French layout", { code: "Digit0", key: "0", shift: true }, "zoom-fit"],
  ["Shift and 0, which is = on a German layout", { code: "Digit0", key: "=", shift: true }, null],
  ["Shift and -, which is _ on an American layout", { code: "Minus", key: "_", shift: true }, null],
  ["Shift and +, which is * on a German layout", { code: "BracketRight", key: "*", shift: true }, null],
  ["AltGr+Q, which types @", { code: "KeyQ", key: "@", altGraph: true }, null],
])("Ctrl+Alt with %s", (_, part, expected) => {
  expect(localAction(keyPress({ ...held, ...part }))).toBe(expected);
});
