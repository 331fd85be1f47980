/** The last picture seen of a machine, small, for its tile. In memory only. */
import { SvelteMap } from "svelte/reactivity";

export interface Picture {
  url: string;
  at: number;
}

export const PICTURE_WIDTH = 480;
const JPEG_QUALITY = 0.8;
/** About 40 kB each. */
const MAX_PICTURES = 500;

class Pictures {
  private readonly byConnection = new SvelteMap<string, Picture>();

  get(uid: string): Picture | null {
    return this.byConnection.get(uid) ?? null;
  }

  /** Takes a small copy of a session's canvas. */
  keep(uid: string, source: HTMLCanvasElement): void {
    if (source.width === 0 || source.height === 0) return;
    const small = document.createElement("canvas");
    small.width = Math.min(PICTURE_WIDTH, source.width);
    small.height = Math.max(1, Math.round((source.height * small.width) / source.width));
    small.getContext("2d", { alpha: false })?.drawImage(source, 0, 0, small.width, small.height);
    const at = Date.now();
    small.toBlob((blob) => blob && this.put(uid, { url: URL.createObjectURL(blob), at }), "image/jpeg", JPEG_QUALITY);
  }

  /** Takes a small picture that was made elsewhere. */
  keepImage(uid: string, image: Blob): void {
    this.put(uid, { url: URL.createObjectURL(image), at: Date.now() });
  }

  private put(uid: string, picture: Picture): void {
    const earlier = this.byConnection.get(uid);
    if (earlier) URL.revokeObjectURL(earlier.url);
    this.byConnection.set(uid, picture);
    if (this.byConnection.size <= MAX_PICTURES) return;
    const oldest = this.byConnection.keys().next().value;
    if (oldest === undefined) return;
    URL.revokeObjectURL(this.byConnection.get(oldest)?.url ?? "");
    this.byConnection.delete(oldest);
  }
}

export const pictures = new Pictures();
