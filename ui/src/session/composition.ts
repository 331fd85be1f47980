/** Letters that take more than one key: dead keys and input methods. */
import type { Keyboard } from "./keyboard";
import { isModifier, type KeyPress, keysymOfCharacter } from "./keysyms";
import { scancodeOf } from "./scancodes";

/**
 * Gives composed letters to the machine as keys that go down and up.
 *
 * A machine that takes keys by their place composes on its own and must get every one of them, in order; one that takes them by
 * their meaning must get the letter and nothing else. So the key that completes a letter carries it, and those before it are
 * sent without a meaning.
 */
export class Composition {
  private isOpen = false;
  /** The key that went down last, while it may still complete a letter. */
  private pending: string | null = null;

  constructor(
    private readonly keyboard: Keyboard,
    private readonly type: (text: string) => void,
  ) {}

  start(): void {
    this.isOpen = true;
  }

  /** Handles a key-down that is part of a composition; false for any other, which goes the plain way. */
  press(press: KeyPress, isComposing: boolean): boolean {
    this.settle();
    if (!(isComposing || this.isOpen || press.key === "Process") || isModifier(press.key)) return false;
    if (!press.repeat && scancodeOf(press.code) !== 0) {
      this.keyboard.match(press);
      this.keyboard.holdLevel(press);
      this.pending = press.code;
    }
    return true;
  }

  /** Another key goes down or up: the one before it completed nothing. */
  settle(): void {
    if (this.pending !== null) this.keyboard.pressAs(this.pending, 0);
    this.pending = null;
  }

  /** The composition is over and gave this text. */
  end(text: string): void {
    const key = this.pending;
    const last = [...text].at(-1);
    const keysym = last === undefined ? null : keysymOfCharacter(last);
    this.isOpen = false;
    if (key === null || last === undefined || keysym === null) {
      this.settle();
      this.type(text);
      return;
    }
    this.pending = null;
    this.type(text.slice(0, -last.length));
    this.keyboard.pressAs(key, keysym);
  }

  /** The screen lost the keyboard. */
  reset(): void {
    this.isOpen = false;
    this.pending = null;
  }
}
