/** The keyboard of a remote screen: which keys are down over there, and what they meant when they went down. */
import { type LocalAction, localAction } from "./combos";
import { type KeyPress, keysymOf, type Modifiers, modifierOf } from "./keysyms";
import { LockSync } from "./locks";
import { scancodeOf } from "./scancodes";

export interface KeySink {
  /** Whether keys arrive; an observer's do not. */
  isOpen(): boolean;
  key(down: boolean, keysym: number, scancode: number): void;
  releaseAll(): void;
}

export type Platform = "linux" | "mac" | "windows";

/** What became of a key press; `passed` means the browser should handle it (input methods, dead keys). */
export type Outcome = { kind: "sent" } | { kind: "passed" } | { kind: "local"; action: LocalAction };

/** Windows announces AltGr as a Ctrl that is followed by AltGr at once. */
const ALTGR_WINDOW_MS = 50;
const MODIFIER = /^(Control|Alt|Shift|Meta)(Left|Right)$/;
/** Modifiers that stand for AltGr on systems that have other keys for it. */
const LEVEL = /^(Control|Alt)(Left|Right)$/;

const CAPS_LOCK = 0xffe5;
const SHIFT = 0xffe1;
const ALTGR = 0xfe03;

const SENT: Outcome = { kind: "sent" };
const PASSED: Outcome = { kind: "passed" };

export class Keyboard {
  readonly locks = new LockSync();
  /** By physical key: key-up must send the keysym of its own key-down, whatever the layout says by then. */
  private readonly down = new Map<string, number>();
  /** Modifiers still held here whose release was already sent because a combination was ours. */
  private readonly lifted = new Map<string, number>();
  private heldControl: { press: KeyPress; timer: ReturnType<typeof setTimeout> } | null = null;

  /** Not every browser tells that AltGr is held. */
  private tellsAltGr = false;

  constructor(
    private readonly sink: KeySink,
    private readonly platform: Platform,
  ) {}

  /** Handles a key-down and says what the caller should do about the event. */
  press(press: KeyPress): Outcome {
    const code = press.code || `key:${press.key}`;
    if (this.settleControl(press)) return SENT;
    const action = localAction(press);
    if (action) {
      this.liftModifiers();
      return { kind: "local", action };
    }
    // While AltGr is held, this Ctrl repeats with it.
    if (this.platform === "windows" && code === "ControlLeft" && !this.down.has(code)) {
      const timer = setTimeout(() => this.flushControl(), ALTGR_WINDOW_MS);
      this.heldControl = { press, timer };
      return SENT;
    }
    this.match(press);
    if (this.lifted.has(code)) return SENT;
    if (this.isLevel(press)) {
      this.liftModifiers(LEVEL);
      press = { ...press, ctrl: false, alt: false };
    } else this.restoreModifiers();
    const keysym = this.down.get(code) ?? keysymOf(press);
    this.pressAs(code, keysym ?? 0);
    return keysym === null ? PASSED : SENT;
  }

  /** A key goes down with a meaning of its own; 0 is none, as dead keys have none by themselves. */
  pressAs(code: string, keysym: number): void {
    // A machine that takes keys by their place composes on its own, from the dead key on.
    if (keysym !== 0 || scancodeOf(code) !== 0) this.send(code, keysym);
  }

  /** Brings modifiers and locks over there to what they are here, before a key goes down. */
  match(press: KeyPress): void {
    this.matchModifiers(press, press.key);
    if (press.repeat || !this.sink.isOpen()) return;
    const numLock = this.platform === "mac" ? null : press.numLock;
    for (const { code, keysym } of this.locks.due({ code: press.code, capsLock: press.capsLock, numLock })) {
      this.tap(keysym, scancodeOf(code));
    }
  }

  /** Handles a key-up. */
  release(code: string, key: string): void {
    const id = code || `key:${key}`;
    if (id === "ControlLeft") this.flushControl();
    this.lifted.delete(id);
    // On macOS the key goes down when the lock goes on, and up when it goes off.
    if (this.platform === "mac" && id === "CapsLock") {
      this.locks.pressed(id);
      this.tap(CAPS_LOCK, scancodeOf(id));
    }
    const keysym = this.down.get(id);
    if (keysym !== undefined) this.lift(id, keysym);
    // macOS sends no key-up for a key that is released while Command is held.
    if (this.platform === "mac" && id.startsWith("Meta")) this.liftPlainKeys();
  }

  /** Presses and releases keysyms in order, e.g. Ctrl+Alt+Del from the menu. */
  combination(keysyms: readonly number[]): void {
    for (const keysym of keysyms) this.sink.key(true, keysym, 0);
    for (const keysym of [...keysyms].reverse()) this.sink.key(false, keysym, 0);
  }

  /** The screen lost the keyboard: nothing may stay down over there. */
  releaseAll(): void {
    if (this.heldControl) clearTimeout(this.heldControl.timer);
    this.heldControl = null;
    this.down.clear();
    this.lifted.clear();
    this.sink.releaseAll();
  }

  private send(id: string, keysym: number): void {
    if (this.platform === "mac" && id === "CapsLock") {
      this.tap(keysym, scancodeOf(id));
      return;
    }
    this.down.set(id, keysym);
    this.sink.key(true, keysym, scancodeOf(id));
  }

  /**
   * Lets go of modifiers that are not held here any more, as a key or the pointer tells.
   *
   * Input methods and dead keys keep some key-ups to themselves: Shift+´ lets Chromium on Linux never tell that Shift came up.
   */
  matchModifiers(held: Modifiers, key = ""): void {
    this.tellsAltGr ||= held.altGraph;
    const isGone = (keysym: number): boolean => {
      const modifier = modifierOf(keysym);
      if (modifier === null || modifier.key === key) return false;
      if (modifier.name === "altGraph" && !this.tellsAltGr) return false;
      // Where AltGr is made of Ctrl and Alt, both are told as not held while it is.
      return !held[modifier.name] && !(held.altGraph && modifier.name !== "shift");
    };
    for (const [id, keysym] of [...this.lifted]) if (isGone(keysym)) this.lifted.delete(id);
    for (const [id, keysym] of [...this.down]) if (isGone(keysym)) this.lift(id, keysym);
  }

  /** Presses Shift or AltGr where an input method kept that to itself. */
  holdLevel(held: Modifiers): void {
    const isDown = (name: keyof Modifiers): boolean => [...this.down.values()].some((keysym) => modifierOf(keysym)?.name === name);
    if (held.shift && !isDown("shift")) this.pressAs("ShiftLeft", SHIFT);
    if (held.altGraph && !isDown("altGraph")) this.pressAs("AltRight", ALTGR);
  }

  private lift(id: string, keysym: number): void {
    this.down.delete(id);
    this.sink.key(false, keysym, scancodeOf(id));
  }

  private tap(keysym: number, scancode: number): void {
    this.sink.key(true, keysym, scancode);
    this.sink.key(false, keysym, scancode);
  }

  /** Whether a character is typed with modifiers that mean AltGr: Ctrl+Alt on Windows, Option on a Mac. */
  private isLevel({ key, alt, ctrl, meta, altGraph }: KeyPress): boolean {
    if ([...key].length !== 1) return false;
    if (this.platform === "mac") return alt && !ctrl && !meta;
    return this.platform === "windows" && altGraph && !this.down.has("AltRight");
  }

  /** Decides about a Ctrl that was held back. True if `press` was its AltGr and is dealt with. */
  private settleControl(press: KeyPress): boolean {
    if (!this.heldControl) return false;
    if (press.code === "AltRight") {
      clearTimeout(this.heldControl.timer);
      this.heldControl = null;
      const keysym = keysymOf({ ...press, key: "AltGraph" });
      if (keysym !== null) this.send(press.code, keysym);
      return true;
    }
    this.flushControl();
    return false;
  }

  private flushControl(): void {
    if (!this.heldControl) return;
    const { press, timer } = this.heldControl;
    clearTimeout(timer);
    this.heldControl = null;
    const keysym = keysymOf(press);
    if (keysym !== null) this.send(press.code, keysym);
  }

  private liftModifiers(which = MODIFIER): void {
    this.flushControl();
    for (const [id, keysym] of [...this.down]) {
      if (!which.test(id)) continue;
      this.lift(id, keysym);
      this.lifted.set(id, keysym);
    }
  }

  /** A key for the remote machine follows while Ctrl is still held from one of our combinations. */
  private restoreModifiers(): void {
    for (const [id, keysym] of this.lifted) this.send(id, keysym);
    this.lifted.clear();
  }

  private liftPlainKeys(): void {
    for (const [id, keysym] of [...this.down]) {
      if (!MODIFIER.test(id)) this.lift(id, keysym);
    }
  }
}

/** Reads which modifiers are held while something happens. */
export function readModifiers(event: KeyboardEvent | MouseEvent): Modifiers {
  return {
    ctrl: event.ctrlKey,
    alt: event.altKey,
    shift: event.shiftKey,
    meta: event.metaKey,
    altGraph: event.getModifierState("AltGraph"),
  };
}

/** Reads the parts of an event that decide about a key. */
export function readPress(event: KeyboardEvent): KeyPress {
  return {
    ...readModifiers(event),
    code: event.code,
    key: event.key,
    location: event.location,
    capsLock: event.getModifierState("CapsLock"),
    numLock: event.getModifierState("NumLock"),
    repeat: event.repeat,
  };
}

/** The platform this window runs on, as far as the keyboard cares. */
export function currentPlatform(userAgent: string = navigator.userAgent): Platform {
  if (/Mac OS X|Macintosh/.test(userAgent)) return "mac";
  return /Windows/.test(userAgent) ? "windows" : "linux";
}
