/** Draws a session's picture. A plain class: pixels never pass through reactive state. */
import type { PictureMessage } from "./frames";
import type { Size } from "./pointer";

/** Animation frames stop in windows that are covered without being hidden; the server still waits for its answer. */
const DRAW_AT_LATEST_MS = 500;

export interface ScreenEvents {
  /** The frame with this number is drawn. */
  drawn(seq: number): void;
  resized(size: Size): void;
}

interface Frame {
  seq: number;
  isWhole: boolean;
  messages: PictureMessage[];
}

export class Screen {
  readonly canvas: HTMLCanvasElement;
  private readonly context: CanvasRenderingContext2D;
  private open: PictureMessage[] = [];
  private ready: Frame[] = [];
  private request: number | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private shown = true;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly events: ScreenEvents) {
    this.canvas = document.createElement("canvas");
    this.canvas.width = 0;
    this.canvas.height = 0;
    const context = this.canvas.getContext("2d", { alpha: false, willReadFrequently: true });
    if (!context) throw new Error("this browser cannot draw on a canvas");
    this.context = context;
  }

  get size(): Size {
    return { w: this.canvas.width, h: this.canvas.height };
  }

  /** Takes one part of the frame that is under way. */
  add(message: PictureMessage): void {
    this.open.push(message);
  }

  /**
   * The frame is complete: draws it, and all that wait with it, in one animation frame.
   *
   * Hidden pages get no animation frames. The few frames that were on their way are drawn at once: the server
   * counts them as delivered and sends only what changes after them.
   */
  finish(seq: number, isWhole: boolean): void {
    this.ready.push({ seq, isWhole, messages: this.open });
    this.open = [];
    if (!this.shown) {
      this.draw();
      return;
    }
    this.request ??= requestAnimationFrame(() => this.draw());
    this.timer ??= setTimeout(() => this.draw(), DRAW_AT_LATEST_MS);
  }

  /** Whether anybody looks. */
  show(isShown: boolean): void {
    if (this.shown === isShown) return;
    if (!isShown) this.draw();
    this.shown = isShown;
  }

  /** Resolves when a frame is drawn with which the picture is whole. */
  whole(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** The remote screen has another size, and the pictures of it are drawn elsewhere. */
  resize(size: Size): void {
    this.canvas.width = size.w;
    this.canvas.height = size.h;
    this.events.resized(size);
  }

  /** Forgets what was not drawn; the picture stays. */
  reset(): void {
    this.cancel();
    this.open = [];
    this.ready = [];
  }

  /** Nothing more comes: draws what is complete, and lets nobody wait for more. */
  settle(): void {
    this.draw();
    this.wakeWaiting();
  }

  private wakeWaiting(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  private draw(): void {
    this.cancel();
    const frames = this.ready;
    this.ready = [];
    for (const frame of frames) {
      for (const message of frame.messages) this.apply(message);
      this.events.drawn(frame.seq);
    }
    if (frames.some((frame) => frame.isWhole)) this.wakeWaiting();
  }

  private cancel(): void {
    if (this.request !== null) cancelAnimationFrame(this.request);
    if (this.timer !== null) clearTimeout(this.timer);
    this.request = null;
    this.timer = null;
  }

  private apply(message: PictureMessage): void {
    const { context } = this;
    switch (message.kind) {
      case "pixels":
        context.putImageData(new ImageData(message.pixels, message.w, message.h), message.x, message.y);
        return;
      case "copy": {
        const { srcX, srcY, w, h, x, y } = message;
        context.drawImage(this.canvas, srcX, srcY, w, h, x, y, w, h);
        return;
      }
      case "fill":
        context.fillStyle = message.colour;
        context.fillRect(message.x, message.y, message.w, message.h);
        return;
      case "resize":
        // Setting the size also paints the canvas black, which is what an undefined picture looks like.
        this.resize(message);
    }
  }
}
