/** Takes keys, pointer, wheel, pastes and composed text from one element and gives them to a viewer. */
import type { LocalAction } from "./combos";
import { Composition } from "./composition";
import { readModifiers, readPress } from "./keyboard";
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
  /** The picture is to be moved under the window, by so many CSS pixels. */
  pan(dx: number, dy: number): void;
  /** The picture is to get larger or smaller around a point of the page. */
  zoom(direction: 1 | -1, clientX: number, clientY: number): void;
}

/** How long Ctrl+V waits for the browser to hand over the clipboard, which must arrive before the key. */
const PASTE_WAIT_MS = 80;
/** On X11 a middle click pastes; that click belongs to the remote machine. */
const MIDDLE_PASTE_MS = 500;

export class InputSurface {
  private heldPaste: { press: KeyPress; timer: ReturnType<typeof setTimeout> } | null = null;
  private lastMiddle = Number.NEGATIVE_INFINITY;
  /** When a key was last pressed or released, on the clock of the events. */
  private lastKey = Number.NEGATIVE_INFINITY;
  private readonly composition: Composition;
  /** Where the pointer was last while it moves the picture instead of pointing at it. */
  private panFrom: { x: number; y: number } | null = null;

  constructor(
    private readonly element: HTMLElement,
    private readonly viewer: Viewer,
    private readonly events: SurfaceEvents,
  ) {
    this.composition = new Composition(viewer.keyboard, (text) => viewer.type(text));
  }

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
    on("compositionstart", () => this.composition.start());
    on("compositionend", (event) => this.composed(event.data));
    on("focus", () => this.focused());
    on("blur", () => this.blurred());
    on("pointerdown", (event) => this.pointerDown(event));
    on("pointermove", (event) => this.point(event));
    on("pointerup", (event) => this.pointerUp(event));
    on("pointercancel", (event) => this.pointerCancel(event));
    on("wheel", (event) => this.wheel(event));
    for (const type of ["contextmenu", "mousedown", "mouseup", "auxclick", "dragstart", "dragover", "drop"] as const) {
      on(type, (event) => event.preventDefault());
    }
    return () => {
      stop.abort();
      this.blurred();
    };
  }

  private keyDown(event: KeyboardEvent): void {
    this.lastKey = event.timeStamp;
    this.flushPaste();
    event.stopPropagation();
    const press = readPress(event);
    if (this.composition.press(press, event.isComposing)) return;
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
    this.lastKey = event.timeStamp;
    this.flushPaste();
    this.composition.settle();
    event.stopPropagation();
    event.preventDefault();
    this.viewer.keyboard.release(event.code, event.key);
  }

  private paste(event: ClipboardEvent): void {
    event.preventDefault();
    if (performance.now() - this.lastMiddle < MIDDLE_PASTE_MS) return;
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const picture = Array.from(event.clipboardData?.files ?? []).find(({ type }) => type === "image/png");
    if (text !== "") this.viewer.clipboard.offer(text, event.clipboardData?.getData("text/html"));
    else if (picture && this.viewer.takesRich) {
      // The key waits for it, but not for ever.
      void picture.arrayBuffer().then((bytes) => {
        this.viewer.clipboard.offerPicture(new Uint8Array(bytes));
        this.flushPaste();
      });
      return;
    } else {
      // The same: the program may find what WebKit does not.
      const held = this.heldPaste;
      void this.viewer.clipboard.pasted().finally(() => {
        if (this.heldPaste === held) this.flushPaste();
      });
      return;
    }
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
    this.composition.end(text);
    this.element.textContent = "";
  }

  private focused(): void {
    this.events.focused(true);
    void this.viewer.clipboard.push(false);
  }

  private blurred(): void {
    if (this.heldPaste) clearTimeout(this.heldPaste.timer);
    this.heldPaste = null;
    this.composition.reset();
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
    // The keys that stay in this window also keep the pointer here.
    if (isLocal(event) && event.button === 0) this.panFrom = { x: event.clientX, y: event.clientY };
    else this.point(event);
  }

  private pointerCancel(event: PointerEvent): void {
    this.panFrom = null;
    this.point(event, 0);
  }

  private pointerUp(event: PointerEvent): void {
    if (this.panFrom) {
      this.panFrom = null;
      return;
    }
    this.point(event);
    // A click is what browsers wait for before they let a page write the clipboard.
    void this.viewer.clipboard.deliver();
  }

  private point(event: PointerEvent, buttons: number = event.buttons): void {
    if (this.panFrom) {
      this.events.pan(event.clientX - this.panFrom.x, event.clientY - this.panFrom.y);
      this.panFrom = { x: event.clientX, y: event.clientY };
      return;
    }
    // Browsers let keys overtake the pointer: what it tells of them from before the last key is old.
    if (event.timeStamp > this.lastKey) this.viewer.keyboard.matchModifiers(readModifiers(event));
    const { x, y } = remotePoint(event.clientX, event.clientY, this.events.picture(), this.viewer.screen.size);
    this.viewer.pointer.at(x, y, wireButtons(buttons));
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    if (isLocal(event)) {
      if (event.deltaY !== 0) this.events.zoom(event.deltaY < 0 ? 1 : -1, event.clientX, event.clientY);
      return;
    }
    const { x, y } = remotePoint(event.clientX, event.clientY, this.events.picture(), this.viewer.screen.size);
    const { dx, dy } = wheelNotches(event);
    if (dx !== 0 || dy !== 0) this.viewer.wheel(x, y, dx, dy);
  }
}

/** Whether the keys are held that keep something from the remote machine. */
function isLocal({ ctrlKey, altKey, shiftKey, metaKey }: MouseEvent): boolean {
  return ctrlKey && altKey && !shiftKey && !metaKey;
}

function isPaste({ ctrl, alt, shift, meta, key, code }: KeyPress): boolean {
  if (alt) return false;
  if (shift && !ctrl && !meta && key === "Insert") return true;
  return (ctrl || meta) && (key.toLowerCase() === "v" || (code === "KeyV" && key.charCodeAt(0) > 0x24f));
}
