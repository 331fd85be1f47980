/** The keyboard of a remote screen: which keys are down over there, and what they meant when they went down. */
import { type LocalAction, localAction } from "./combos";
import { type KeyPress, keysymOf } from "./keysyms";
import { scancodeOf } from "./scancodes";

export interface KeySink {
  key(down: boolean, keysym: number, scancode: number): void;
  releaseAll(): void;
}

export type Platform = "linux" | "mac" | "windows";

/** What became of a key press; `passed` means the browser should handle it (input methods, dead keys). */
export type Outcome = { kind: "sent" } | { kind: "passed" } | { kind: "local"; action: LocalAction };

/** Windows announces AltGr as a Ctrl that is followed by AltGr at once. */
const ALTGR_WINDOW_MS = 50;
const MODIFIER = /^(Control|Alt|Shift|Meta)(Left|Right)$/;

const SENT: Outcome = { kind: "sent" };
const PASSED: Outcome = { kind: "passed" };

export class Keyboard {
  /** By physical key: key-up must send the keysym of its own key-down, whatever the layout says by then. */
  private readonly down = new Map<string, number>();
  /** Modifiers still held here whose release was already sent because a combination was ours. */
  private readonly lifted = new Map<string, number>();
  private heldControl: { press: KeyPress; timer: ReturnType<typeof setTimeout> } | null = null;

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
    if (this.platform === "windows" && code === "ControlLeft" && !press.repeat && !this.down.has(code)) {
      const timer = setTimeout(() => this.flushControl(), ALTGR_WINDOW_MS);
      this.heldControl = { press, timer };
      return SENT;
    }
    const keysym = this.down.get(code) ?? keysymOf(press);
    if (keysym === null) return PASSED;
    if (this.lifted.has(code)) return SENT;
    this.restoreModifiers();
    this.send(code, keysym);
    return SENT;
  }

  /** Handles a key-up. */
  release(code: string, key: string): void {
    const id = code || `key:${key}`;
    if (id === "ControlLeft") this.flushControl();
    this.lifted.delete(id);
    const keysym = this.down.get(id);
    if (keysym !== undefined) {
      this.down.delete(id);
      this.sink.key(false, keysym, scancodeOf(id));
    }
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
    this.down.set(id, keysym);
    this.sink.key(true, keysym, scancodeOf(id));
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

  private liftModifiers(): void {
    this.flushControl();
    for (const [id, keysym] of [...this.down]) {
      if (!MODIFIER.test(id)) continue;
      this.down.delete(id);
      this.lifted.set(id, keysym);
      this.sink.key(false, keysym, scancodeOf(id));
    }
  }

  /** A key for the remote machine follows while Ctrl is still held from one of our combinations. */
  private restoreModifiers(): void {
    for (const [id, keysym] of this.lifted) this.send(id, keysym);
    this.lifted.clear();
  }

  private liftPlainKeys(): void {
    for (const [id, keysym] of [...this.down]) {
      if (MODIFIER.test(id)) continue;
      this.down.delete(id);
      this.sink.key(false, keysym, scancodeOf(id));
    }
  }
}

/** Reads the parts of an event that decide about a key. */
export function readPress(event: KeyboardEvent): KeyPress {
  return {
    code: event.code,
    key: event.key,
    location: event.location,
    ctrl: event.ctrlKey,
    alt: event.altKey,
    shift: event.shiftKey,
    meta: event.metaKey,
    altGraph: event.getModifierState("AltGraph"),
    repeat: event.repeat,
  };
}

/** The platform this window runs on, as far as the keyboard cares. */
export function currentPlatform(userAgent: string = navigator.userAgent): Platform {
  if (/Mac OS X|Macintosh/.test(userAgent)) return "mac";
  return /Windows/.test(userAgent) ? "windows" : "linux";
}
