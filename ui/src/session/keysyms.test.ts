import { describe, expect, it } from "vitest";
import { keyPress } from "./keypress.fixture";
import { type KeyPress, keysymOf } from "./keysyms";

function check(cases: [string, Partial<KeyPress>, number | null][]): void {
  it.each(cases)("%s", (_, part, expected) => {
    expect(keysymOf(keyPress(part))).toBe(expected);
  });
}

describe("US layout", () => {
  check([
    ["a letter", { code: "KeyA", key: "a" }, 0x61],
    ["a capital", { code: "KeyA", key: "A", shift: true }, 0x41],
    ["Ctrl with a letter", { code: "KeyC", key: "c", ctrl: true }, 0x63],
    ["a digit of the main block", { code: "Digit1", key: "1" }, 0x31],
    ["a shifted digit", { code: "Digit1", key: "!", shift: true }, 0x21],
    ["space", { code: "Space", key: " " }, 0x20],
    ["tilde", { code: "Backquote", key: "~", shift: true }, 0x7e],
  ]);
});

describe("German layout", () => {
  check([
    ["umlaut", { code: "Semicolon", key: "ö" }, 0xf6],
    ["sharp s", { code: "Minus", key: "ß" }, 0xdf],
    ["z where y is printed elsewhere", { code: "KeyY", key: "z" }, 0x7a],
    ["AltGr itself", { code: "AltRight", key: "AltGraph", location: 2, altGraph: true }, 0xfe03],
    ["AltGr+Q", { code: "KeyQ", key: "@", altGraph: true }, 0x40],
    ["AltGr+E", { code: "KeyE", key: "€", altGraph: true }, 0x010020ac],
    ["AltGr+Q as Windows tells it", { code: "KeyQ", key: "@", ctrl: true, alt: true, altGraph: true }, 0x40],
    ["AltGr+M", { code: "KeyM", key: "µ", altGraph: true }, 0xb5],
    ["comma of the number pad", { code: "NumpadDecimal", key: ",", location: 3 }, 0xffac],
  ]);
});

describe("Cyrillic layout", () => {
  check([
    ["a letter", { code: "KeyF", key: "а" }, 0x01000430],
    ["a capital", { code: "KeyF", key: "А", shift: true }, 0x01000410],
    ["Ctrl with the key of C means Ctrl+C", { code: "KeyC", key: "с", ctrl: true }, 0x63],
    ["Ctrl+Shift with the key of C", { code: "KeyC", key: "С", ctrl: true, shift: true }, 0x43],
    ["Alt with the key of F", { code: "KeyF", key: "а", alt: true }, 0x66],
    ["Ctrl with a key that is no Latin letter", { code: "Quote", key: "э", ctrl: true }, 0x0100044d],
  ]);
});

describe("dead keys and input methods", () => {
  check([
    ["a dead key alone", { code: "Equal", key: "Dead" }, null],
    ["the letter after a dead key", { code: "KeyE", key: "é" }, 0xe9],
    ["a letter outside Latin-1 after a dead key", { code: "KeyE", key: "ě" }, 0x0100011b],
    ["a key an input method keeps", { code: "KeyA", key: "Process" }, null],
    ["a key nobody knows", { code: "", key: "Unidentified" }, null],
    ["an emoji outside the basic plane", { code: "", key: "😀" }, 0x0101f600],
    ["a control character", { code: "", key: "\u0003" }, null],
    ["a Latin-1 control character", { code: "", key: "\u0085" }, null],
    ["the first printable Latin-1 character", { code: "", key: "\u00a0" }, 0xa0],
  ]);
});

describe("number pad", () => {
  check([
    ["7 with Num Lock", { code: "Numpad7", key: "7", location: 3 }, 0xffb7],
    ["7 without Num Lock", { code: "Numpad7", key: "Home", location: 3 }, 0xff95],
    ["5 without Num Lock", { code: "Numpad5", key: "Clear", location: 3 }, 0xff9d],
    ["0 without Num Lock", { code: "Numpad0", key: "Insert", location: 3 }, 0xff9e],
    ["Enter", { code: "NumpadEnter", key: "Enter", location: 3 }, 0xff8d],
    ["plus", { code: "NumpadAdd", key: "+", location: 3 }, 0xffab],
    ["divide", { code: "NumpadDivide", key: "/", location: 3 }, 0xffaf],
    ["point", { code: "NumpadDecimal", key: ".", location: 3 }, 0xffae],
    ["Num Lock itself", { code: "NumLock", key: "NumLock" }, 0xff7f],
  ]);
});

describe("named keys", () => {
  check([
    ["Enter of the main block", { code: "Enter", key: "Enter" }, 0xff0d],
    ["Escape", { code: "Escape", key: "Escape" }, 0xff1b],
    ["Tab with Shift stays Tab", { code: "Tab", key: "Tab", shift: true }, 0xff09],
    ["Delete", { code: "Delete", key: "Delete" }, 0xffff],
    ["Print screen", { code: "PrintScreen", key: "PrintScreen" }, 0xff61],
    ["F1", { code: "F1", key: "F1" }, 0xffbe],
    ["F12", { code: "F12", key: "F12" }, 0xffc9],
    ["F35", { code: "F35", key: "F35" }, 0xffe0],
    ["F36 does not exist", { code: "", key: "F36" }, null],
    ["left Shift", { code: "ShiftLeft", key: "Shift", location: 1 }, 0xffe1],
    ["right Shift", { code: "ShiftRight", key: "Shift", location: 2 }, 0xffe2],
    ["right Ctrl", { code: "ControlRight", key: "Control", location: 2 }, 0xffe4],
    ["right Alt of a US layout", { code: "AltRight", key: "Alt", location: 2 }, 0xffea],
    ["the Windows key", { code: "MetaLeft", key: "Meta", location: 1 }, 0xffeb],
    ["Shift+Alt, which X11 calls Meta", { code: "AltLeft", key: "Meta", location: 1, shift: true }, 0xffe9],
    ["volume up", { code: "AudioVolumeUp", key: "AudioVolumeUp" }, 0x1008ff13],
  ]);
});
