/** Where on the remote screen the pointer is. */
import { Button } from "./messages";

export interface Size {
  w: number;
  h: number;
}

/** A rectangle on the page, in CSS pixels, as `getBoundingClientRect` tells it. */
export interface PageRect {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** How large the picture is: a number is device pixels for each remote one. */
export type Fitting = "fit" | "fill" | "exact" | number;

/** The sizes one step of zooming goes through, in device pixels for each remote one. */
export const ZOOM_STEPS: readonly number[] = [0.25, 0.33, 0.5, 0.67, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4];

/** The next larger or smaller step from a size, which may lie between two. */
export function zoomStep(zoom: number, direction: 1 | -1): number {
  const near = 0.005;
  const step =
    direction > 0 ? ZOOM_STEPS.find((each) => each > zoom + near) : ZOOM_STEPS.findLast((each) => each < zoom - near);
  return step ?? zoom;
}

function scaleOf(remote: Size, view: Size, fitting: Fitting, deviceRatio: number): number {
  const [across, down] = [view.w / remote.w, view.h / remote.h];
  if (fitting === "fit") return Math.min(across, down);
  if (fitting === "fill") return Math.max(across, down);
  return (fitting === "exact" ? 1 : fitting) / deviceRatio;
}

/**
 * Where the picture lies in the view, in CSS pixels.
 *
 * `fit` shows all of it as large as it goes, centred; `fill` leaves no border and lets the rest lie outside; `exact` makes one
 * remote pixel one device pixel.
 * The corner lies on a whole device pixel, else every pixel of an exact picture would be blurred.
 */
export function placePicture(remote: Size, view: Size, fitting: Fitting, deviceRatio: number): PageRect {
  if (remote.w === 0 || remote.h === 0) return { left: 0, top: 0, width: 0, height: 0 };
  const scale = scaleOf(remote, view, fitting, deviceRatio);
  const width = remote.w * scale;
  const height = remote.h * scale;
  const snap = (value: number): number => Math.floor(Math.max(0, value) * deviceRatio) / deviceRatio;
  return { left: snap((view.w - width) / 2), top: snap((view.h - height) / 2), width, height };
}

/** The remote pixel under a point of the page; points beside the picture mean its nearest edge. */
export function remotePoint(clientX: number, clientY: number, picture: PageRect, remote: Size): { x: number; y: number } {
  const along = (at: number, start: number, length: number, count: number): number => {
    if (length <= 0 || count <= 0) return 0;
    return Math.min(count - 1, Math.max(0, Math.floor(((at - start) * count) / length)));
  };
  return {
    x: along(clientX, picture.left, picture.width, remote.w),
    y: along(clientY, picture.top, picture.height, remote.h),
  };
}

/** Translates `PointerEvent.buttons` (left, right, middle, back, forward) to the order of the wire. */
export function wireButtons(buttons: number): number {
  return (
    (buttons & 1 ? Button.left : 0) |
    (buttons & 4 ? Button.middle : 0) |
    (buttons & 2 ? Button.right : 0) |
    (buttons & 8 ? Button.back : 0) |
    (buttons & 16 ? Button.forward : 0)
  );
}

/** Moves closer together than this are merged; the last one always arrives. */
const MOVE_INTERVAL_MS = 8;

/** Sends pointer positions: buttons at once and in order, moves no oftener than a screen can show them. */
export class PointerTrack {
  private buttons = 0;
  private lastMove = Number.NEGATIVE_INFINITY;
  private waiting: { x: number; y: number } | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly send: (x: number, y: number, buttons: number) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** The pointer is at a remote pixel with these buttons (wire order) held. */
  at(x: number, y: number, buttons: number): void {
    const passed = this.now() - this.lastMove;
    if (buttons !== this.buttons || passed >= MOVE_INTERVAL_MS) {
      if (buttons !== this.buttons) this.flush();
      this.buttons = buttons;
      this.emit(x, y);
      return;
    }
    this.waiting = { x, y };
    this.timer ??= setTimeout(() => this.flush(), MOVE_INTERVAL_MS - passed);
  }

  /** Forgets held buttons; the caller has told the server to release everything. */
  reset(): void {
    this.cancel();
    this.buttons = 0;
  }

  private flush(): void {
    const point = this.waiting;
    this.cancel();
    if (point) this.emit(point.x, point.y);
  }

  private emit(x: number, y: number): void {
    this.cancel();
    this.lastMove = this.now();
    this.send(x, y, this.buttons);
  }

  private cancel(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.waiting = null;
  }
}
