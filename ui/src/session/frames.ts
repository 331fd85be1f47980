/**
 * Messages the server sends about a session's picture: a 24-byte header, then the payload.
 *
 * All integers are little-endian. Parsing copies nothing: pixels are a view on the message's own bytes.
 */
import type { StateNotice, Stats } from "../bindings";

export const HEADER_BYTES = 24;
/** The server cuts pictures into messages of at most this many bytes of pixels; more is not ours. */
export const MAX_PIXEL_BYTES = 256 * 1024;
/** Larger cursors are not shown by any browser; more than this is hostile. */
export const MAX_CURSOR_SIDE = 1024;

/** The largest terminal there is. */
export const MAX_COLUMNS = 1000;
export const MAX_ROWS = 500;

export interface Rect {
  x: number;
  y: number;
  w: number;
  h: number;
}

/** Messages that change the picture, in the order they must be drawn. */
export type PictureMessage =
  | ({ kind: "pixels"; pixels: Uint8ClampedArray<ArrayBuffer> } & Rect)
  | ({ kind: "copy"; srcX: number; srcY: number } & Rect)
  | ({ kind: "fill"; colour: string } & Rect)
  | { kind: "resize"; w: number; h: number };

/** Messages that are acted on as soon as they arrive. */
export type ControlMessage =
  | { kind: "cursor"; w: number; h: number; hotX: number; hotY: number; pixels: Uint8ClampedArray<ArrayBuffer> }
  | { kind: "cursor-move"; x: number; y: number }
  | { kind: "clipboard"; text: string }
  /** A PNG. */
  | { kind: "clipboard-picture"; png: Uint8Array<ArrayBuffer> }
  /** Formatted text: its text alone, and as HTML. */
  | { kind: "clipboard-html"; text: string; html: string }
  | { kind: "state"; report: StateNotice }
  | { kind: "name"; name: string }
  | { kind: "bell" }
  | { kind: "said"; text: string }
  | { kind: "locks"; locks: number }
  | { kind: "stats"; stats: Stats };

/** Messages for a terminal: bytes that continue what it shows, or that draw it anew at a size. */
export type TerminalMessage =
  | { kind: "output"; bytes: Uint8Array<ArrayBuffer> }
  | { kind: "terminal-screen"; columns: number; rows: number; bytes: Uint8Array<ArrayBuffer> };

/** A frame is complete. */
export interface FrameEnd {
  kind: "frame-end";
  seq: number;
  /** Whether the picture is whole with it; else more of it follows. */
  isWhole: boolean;
}

export type ServerMessage = PictureMessage | TerminalMessage | ControlMessage | FrameEnd;

/** A message that is cut, too long, or of no kind we know. */
export class FrameError extends Error {}

const text = new TextDecoder("utf-8", { fatal: true });

/** Reads one whole binary message. Throws {@link FrameError} if it is not exactly one. */
export function parseMessage(buffer: ArrayBuffer): ServerMessage {
  if (buffer.byteLength < HEADER_BYTES) {
    throw new FrameError(`a message of ${buffer.byteLength} bytes is shorter than its header`);
  }
  const view = new DataView(buffer);
  const field = (offset: number): number => view.getUint16(offset, true);
  const rect: Rect = { x: field(2), y: field(4), w: field(6), h: field(8) };
  const kind = view.getUint8(0);
  switch (kind) {
    case 1: {
      const pixels = takePixels(buffer, rect, MAX_PIXEL_BYTES);
      if (pixels.length === 0) throw new FrameError("a picture message has no pixels");
      return { kind: "pixels", ...rect, pixels };
    }
    case 2:
      return { kind: "copy", ...rect, srcX: field(10), srcY: field(12) };
    case 3:
      return { kind: "fill", ...rect, colour: colour(view.getUint32(16, true)) };
    case 4:
      return { kind: "resize", w: rect.w, h: rect.h };
    case 5: {
      const { x: hotX, y: hotY, w, h } = rect;
      if (w > MAX_CURSOR_SIDE || h > MAX_CURSOR_SIDE) throw new FrameError(`a cursor of ${w} x ${h} is too large`);
      return { kind: "cursor", w, h, hotX, hotY, pixels: takePixels(buffer, rect, MAX_CURSOR_SIDE ** 2 * 4) };
    }
    case 6:
      return { kind: "cursor-move", x: rect.x, y: rect.y };
    case 7:
      return { kind: "clipboard", text: takeText(buffer) };
    case 8:
      return { kind: "state", report: takeJson<StateNotice>(buffer, "state") };
    case 9:
      return { kind: "name", name: takeText(buffer) };
    case 10:
      return { kind: "bell" };
    case 11:
      return { kind: "frame-end", seq: view.getUint32(20, true), isWhole: view.getUint32(16, true) === 0 };
    case 12:
      return { kind: "stats", stats: takeJson<Stats>(buffer, "fps") };
    case 13:
      return { kind: "said", text: takeText(buffer) };
    case 14:
      if (buffer.byteLength !== HEADER_BYTES + 1) throw new FrameError("a message about locks has one byte");
      return { kind: "locks", locks: view.getUint8(HEADER_BYTES) };
    case 15:
      return { kind: "output", bytes: new Uint8Array(buffer, HEADER_BYTES) };
    case 16:
      if (rect.w < 2 || rect.h < 2 || rect.w > MAX_COLUMNS || rect.h > MAX_ROWS) {
        throw new FrameError(`no terminal has ${rect.w} columns and ${rect.h} rows`);
      }
      return { kind: "terminal-screen", columns: rect.w, rows: rect.h, bytes: new Uint8Array(buffer, HEADER_BYTES) };
    case 17:
      return { kind: "clipboard-picture", png: new Uint8Array(buffer, HEADER_BYTES) };
    case 18: {
      const from = HEADER_BYTES + 4;
      const length = buffer.byteLength < from ? Infinity : view.getUint32(HEADER_BYTES, true);
      if (length > buffer.byteLength - from) throw new FrameError("formatted text is longer than its message");
      return { kind: "clipboard-html", text: takeText(buffer, from, length), html: takeText(buffer, from + length) };
    }
    default:
      throw new FrameError(`no message is of kind ${kind}`);
  }
}

/** Whether a message waits for the next drawn frame; everything else acts at once. */
export function isPicture(message: ServerMessage): message is PictureMessage {
  return message.kind === "pixels" || message.kind === "copy" || message.kind === "fill" || message.kind === "resize";
}

function takePixels(buffer: ArrayBuffer, rect: Rect, limit: number): Uint8ClampedArray<ArrayBuffer> {
  const expected = rect.w * rect.h * 4;
  const actual = buffer.byteLength - HEADER_BYTES;
  if (expected > limit) throw new FrameError(`${expected} bytes of pixels are more than the ${limit} allowed`);
  if (actual !== expected) throw new FrameError(`${rect.w} x ${rect.h} pixels need ${expected} bytes, not ${actual}`);
  return new Uint8ClampedArray(buffer, HEADER_BYTES);
}

function takeText(buffer: ArrayBuffer, from: number = HEADER_BYTES, length?: number): string {
  try {
    return text.decode(new Uint8Array(buffer, from, length));
  } catch {
    throw new FrameError("the text of a message is not UTF-8");
  }
}

function takeJson<T extends object>(buffer: ArrayBuffer, required: string & keyof T): T {
  let value: unknown;
  try {
    value = JSON.parse(takeText(buffer));
  } catch {
    throw new FrameError("the report in a message is not JSON");
  }
  if (typeof value !== "object" || value === null || !(required in value)) {
    throw new FrameError(`the report in a message lacks ${required}`);
  }
  return value as T;
}

function colour(value: number): string {
  return `rgb(${value & 0xff} ${(value >>> 8) & 0xff} ${(value >>> 16) & 0xff})`;
}
