/** Takes keys, pointer, wheel, pastes and composed text from one element and gives them to a viewer. */
import type { LocalAction } from "./combos";
import { readPress } from "./keyboard";
import type { KeyPress } from "./keysyms";
import { type PageRect, remotePoint, wireButtons } from "./pointer";
import type { Viewer } from "./viewer";
import { wheelNotches } from "./wheel";

export interface SurfaceEvents {
  /** Where the picture is on the page now. */
  picture(): PageRect;
  /** A combination that stays in this window. */
  local(action: LocalAction): void;
  focused(isFocused: boolean): void;
}

/** How long Ctrl+V waits for the browser to hand over the clipboard, which must arrive before the key. */
const PASTE_WAIT_MS = 80;
/** On X11 a middle click pastes; that click belongs to the remote machine. */
const MIDDLE_PASTE_MS = 500;

export class InputSurface {
  private heldPaste: { press: KeyPress; timer: ReturnType<typeof setTimeout> } | null = null;
  private lastMiddle = Number.NEGATIVE_INFINITY;
  private isComposing = false;

  constructor(
    private readonly element: HTMLElement,
    private readonly viewer: Viewer,
    private readonly events: SurfaceEvents,
  ) {}

  /** Listens until the returned function is called. */
  attach(): () => void {
    const stop = new AbortController();
    const on = <K extends keyof HTMLElementEventMap>(
      type: K,
      listener: (event: HTMLElementEventMap[K]) => void,
      passive = false,
    ): void => this.element.addEventListener(type, listener, { signal: stop.signal, passive });
    on("keydown", (event) => this.keyDown(event));
    on("keyup", (event) => this.keyUp(event));
    on("paste", (event) => this.paste(event));
    on("beforeinput", (event) => this.beforeInput(event));
    on("compositionstart", () => (this.isComposing = true));
    on("compositionend", (event) => this.composed(event.data));
    on("focus", () => this.focused());
    on("blur", () => this.blurred());
    on("pointerdown", (event) => this.pointerDown(event));
    on("pointermove", (event) => this.point(event));
    on("pointerup", (event) => this.pointerUp(event));
    on("pointercancel", (event) => this.point(event, 0));
    on("wheel", (event) => this.wheel(event));
    for (const type of ["contextmenu", "mousedown", "auxclick", "dragstart", "dragover", "drop"] as const) {
      on(type, (event) => event.preventDefault());
    }
    return () => {
      stop.abort();
      this.blurred();
    };
  }

  private keyDown(event: KeyboardEvent): void {
    this.flushPaste();
    event.stopPropagation();
    if (event.isComposing || this.isComposing || event.key === "Process") return;
    const press = readPress(event);
    if (isPaste(press) && !press.repeat && !this.viewer.viewOnly) {
      // Not prevented: the browser answers with a paste event, the only way to the clipboard without a prompt.
      this.heldPaste = { press, timer: setTimeout(() => this.flushPaste(), PASTE_WAIT_MS) };
      return;
    }
    const outcome = this.viewer.keyboard.press(press);
    if (outcome.kind === "passed") return;
    event.preventDefault();
    if (outcome.kind === "local" && !press.repeat) this.events.local(outcome.action);
  }

  private keyUp(event: KeyboardEvent): void {
    this.flushPaste();
    event.stopPropagation();
    event.preventDefault();
    this.viewer.keyboard.release(event.code, event.key);
  }

  private paste(event: ClipboardEvent): void {
    event.preventDefault();
    if (performance.now() - this.lastMiddle < MIDDLE_PASTE_MS) return;
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (text !== "") this.viewer.clipboard.offer(text);
    this.flushPaste();
  }

  private flushPaste(): void {
    const held = this.heldPaste;
    if (!held) return;
    clearTimeout(held.timer);
    this.heldPaste = null;
    this.viewer.keyboard.press(held.press);
  }

  /** Text that comes without a key of its own: dead keys on some systems, on-screen keyboards, dictation. */
  private beforeInput(event: InputEvent): void {
    if (event.isComposing || event.inputType === "insertCompositionText") return;
    event.preventDefault();
    if (event.inputType === "insertText" && event.data) this.viewer.type(event.data);
  }

  private composed(text: string): void {
    this.isComposing = false;
    this.viewer.type(text);
    this.element.textContent = "";
  }

  private focused(): void {
    this.events.focused(true);
    void this.viewer.clipboard.push(false);
  }

  private blurred(): void {
    if (this.heldPaste) clearTimeout(this.heldPaste.timer);
    this.heldPaste = null;
    this.isComposing = false;
    this.element.textContent = "";
    this.viewer.release();
    this.events.focused(false);
  }

  private pointerDown(event: PointerEvent): void {
    this.element.focus({ preventScroll: true });
    try {
      this.element.setPointerCapture(event.pointerId);
    } catch {
      // A pointer that is gone already, e.g. a quick touch.
    }
    if (event.button === 1) this.lastMiddle = performance.now();
    this.point(event);
  }

  private pointerUp(event: PointerEvent): void {
    this.point(event);
    // A click is what browsers wait for before they let a page write the clipboard.
    void this.viewer.clipboard.deliver();
  }

  private point(event: PointerEvent, buttons: number = event.buttons): void {
    const { x, y } = remotePoint(event.clientX, event.clientY, this.events.picture(), this.viewer.screen.size);
    this.viewer.pointer.at(x, y, wireButtons(buttons));
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    const { x, y } = remotePoint(event.clientX, event.clientY, this.events.picture(), this.viewer.screen.size);
    const { dx, dy } = wheelNotches(event);
    if (dx !== 0 || dy !== 0) this.viewer.wheel(x, y, dx, dy);
  }
}

function isPaste({ ctrl, alt, shift, meta, key, code }: KeyPress): boolean {
  if (alt) return false;
  if (shift && !ctrl && !meta && key === "Insert") return true;
  return (ctrl || meta) && (key.toLowerCase() === "v" || (code === "KeyV" && key.charCodeAt(0) > 0x24f));
}
