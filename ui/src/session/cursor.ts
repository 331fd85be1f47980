/** Turns the remote machine's cursor into a CSS cursor. */

export interface CursorImage {
  w: number;
  h: number;
  hotX: number;
  hotY: number;
  pixels: Uint8ClampedArray<ArrayBuffer>;
}

/** Browsers show no larger cursor, Chromium says. */
const MAX_CSS_SIDE = 128;
const CACHE_SIZE = 64;

/** What a remote machine without a cursor of its own gets: a dot, so that the pointer is never lost. */
const DOT =
  "url(\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='7' height='7'%3E" +
  "%3Ccircle cx='3.5' cy='3.5' r='2.5' fill='white' stroke='black'/%3E%3C/svg%3E\") 3 3, crosshair";

export interface DrawnCursor {
  css: string;
  /** The same picture for an element of its own: shown where the remote pointer is while only observing. */
  url: string | null;
  width: number;
  height: number;
  hotX: number;
  hotY: number;
}

export class CursorPainter {
  private readonly cache = new Map<string, DrawnCursor>();

  /**
   * Draws a cursor for a picture shown at `scale` CSS pixels per remote pixel.
   *
   * A cursor grows with an enlarged picture but never shrinks below its own pixels: it must stay visible.
   */
  draw(cursor: CursorImage | null, scale: number, deviceRatio: number): DrawnCursor {
    if (!cursor || cursor.w === 0 || cursor.h === 0 || !hasInk(cursor.pixels)) {
      return { css: DOT, url: null, width: 7, height: 7, hotX: 3, hotY: 3 };
    }
    const factor = Math.min(Math.max(scale, 1 / deviceRatio), MAX_CSS_SIDE / Math.max(cursor.w, cursor.h));
    const key = `${cursor.w}x${cursor.h}+${cursor.hotX}+${cursor.hotY}@${factor.toFixed(3)}/${deviceRatio}:${hash(cursor.pixels)}`;
    const known = this.cache.get(key);
    if (known) return known;
    const drawn = paint(cursor, factor, deviceRatio);
    if (this.cache.size >= CACHE_SIZE) {
      const oldest = this.cache.keys().next().value;
      if (oldest !== undefined) this.cache.delete(oldest);
    }
    this.cache.set(key, drawn);
    return drawn;
  }
}

function paint(cursor: CursorImage, factor: number, deviceRatio: number): DrawnCursor {
  const width = Math.max(1, Math.round(cursor.w * factor));
  const height = Math.max(1, Math.round(cursor.h * factor));
  const source = document.createElement("canvas");
  source.width = cursor.w;
  source.height = cursor.h;
  source.getContext("2d")?.putImageData(new ImageData(cursor.pixels, cursor.w, cursor.h), 0, 0);
  const target = document.createElement("canvas");
  target.width = Math.round(width * deviceRatio);
  target.height = Math.round(height * deviceRatio);
  const context = target.getContext("2d");
  if (context) {
    context.imageSmoothingEnabled = target.width !== cursor.w;
    context.drawImage(source, 0, 0, target.width, target.height);
  }
  const url = target.toDataURL("image/png");
  const hotX = Math.min(width - 1, Math.floor((cursor.hotX * width) / cursor.w));
  const hotY = Math.min(height - 1, Math.floor((cursor.hotY * height) / cursor.h));
  const image = deviceRatio === 1 ? `url("${url}")` : `image-set(url("${url}") ${deviceRatio}x)`;
  return { css: `${image} ${hotX} ${hotY}, default`, url, width, height, hotX, hotY };
}

function hasInk(pixels: Uint8ClampedArray): boolean {
  for (let at = 3; at < pixels.length; at += 4) if ((pixels[at] ?? 0) !== 0) return true;
  return false;
}

/** FNV-1a; a collision only shows an older cursor. */
function hash(bytes: Uint8ClampedArray): number {
  let value = 0x811c9dc5;
  for (const byte of bytes) value = Math.imul(value ^ byte, 0x01000193);
  return value >>> 0;
}
