// The keys of a real keyboard: each by its place, on a screen whose layout says what it means.

const ROWS = [
  [10, "Digit1 Digit2 Digit3 Digit4 Digit5 Digit6 Digit7 Digit8 Digit9 Digit0 Minus Equal"],
  [24, "KeyQ KeyW KeyE KeyR KeyT KeyY KeyU KeyI KeyO KeyP BracketLeft BracketRight Enter ControlLeft"],
  [38, "KeyA KeyS KeyD KeyF KeyG KeyH KeyJ KeyK KeyL Semicolon Quote Backquote ShiftLeft Backslash"],
  [52, "KeyZ KeyX KeyC KeyV KeyB KeyN KeyM Comma Period Slash ShiftRight NumpadMultiply AltLeft Space CapsLock"],
  [77, "NumLock ScrollLock Numpad7 Numpad8 Numpad9"],
  [94, "IntlBackslash"],
  [108, "AltRight"],
];

/** What X calls a key, by what browsers call it. */
const KEYCODES = Object.fromEntries(ROWS.flatMap(([first, names]) => names.split(" ").map((name, at) => [name, String(first + at)])));

function keycode(name) {
  if (!(name in KEYCODES)) throw new Error(`no key ${name}`);
  return KEYCODES[name];
}

/** The keyboard of a screen: the one the browser is on, if no other is named. */
export class Keys {
  constructor(sandbox, env = {}) {
    this.sandbox = sandbox;
    this.env = env;
  }

  /** Takes another layout, such as `de` or `us intl`. */
  async layout(name) {
    const [layout, variant = ""] = name.split(" ");
    await this.sandbox.run("setxkbmap", ["-layout", layout, "-variant", variant], { env: this.env });
  }

  /** Presses keys, one after the other, each with those before it in the word held: `KeyA ShiftLeft+KeyB`. */
  async press(text, delay = 4) {
    const commands = text.trim().split(/\s+/).flatMap((stroke) => {
      const names = stroke.split("+").map(keycode);
      const held = names.slice(0, -1);
      return [
        ...held.flatMap((name) => ["keydown", "--delay", delay, name]),
        "key", "--delay", delay, names.at(-1),
        ...held.reverse().flatMap((name) => ["keyup", "--delay", delay, name]),
      ];
    });
    await this.sandbox.run("xdotool", commands.map(String), { env: this.env });
  }

  /** Presses keys as quick fingers do: each goes down before the one before it is up, one in so many milliseconds. */
  async roll(names, pause) {
    const codes = names.map(keycode);
    const commands = codes.flatMap((code, at) => ["keydown", "--delay", 0, code, ...(at > 0 ? ["keyup", "--delay", 0, codes[at - 1]] : []), "sleep", pause / 1000]);
    await this.sandbox.run("xdotool", [...commands, "keyup", codes.at(-1)].map(String), { env: this.env });
  }

  async down(name) {
    await this.sandbox.run("xdotool", ["keydown", keycode(name)], { env: this.env });
  }

  async up(name) {
    await this.sandbox.run("xdotool", ["keyup", keycode(name)], { env: this.env });
  }
}
