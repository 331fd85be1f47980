/** What the beginning of a file is: a text, a picture, or something else. */

/** The most of a text that is shown; as much can be changed. */
export const MAX_TEXT_BYTES = 256 * 1024;
/** The largest picture that is shown. */
export const MAX_PICTURE_BYTES = 16 * 1024 * 1024;

const PICTURES: Record<string, string> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  bmp: "image/bmp",
  ico: "image/x-icon",
  avif: "image/avif",
};

/** The media type of a picture, by its name; null for anything else. A drawing with scripts in it is none. */
export function pictureType(name: string): string | null {
  const dot = name.lastIndexOf(".");
  return dot < 0 ? null : (PICTURES[name.slice(dot + 1).toLowerCase()] ?? null);
}

export interface TextFile {
  text: string;
  /** Why it cannot be changed; null if it can. */
  readOnly: "cut" | "ends" | null;
  /** How its lines end. */
  lineEnd: "\n" | "\r\n";
}

/** The text in some bytes; null where they are none. `size` is the whole file's. */
export function readText(bytes: Uint8Array, size: number): TextFile | null {
  if (bytes.includes(0)) return null;
  const isCut = bytes.length < size;
  let text;
  try {
    // A letter that is cut in two is no reason to take the rest for no text.
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream: isCut });
  } catch {
    return null;
  }
  const windows = text.split("\r\n").length - 1;
  const all = text.split("\n").length - 1;
  const isMixed = (windows > 0 && windows !== all) || text.replaceAll("\r\n", "").includes("\r");
  return { text, readOnly: isCut ? "cut" : isMixed ? "ends" : null, lineEnd: windows > 0 ? "\r\n" : "\n" };
}

/** A field's text as the file has it: fields know one way to end a line. */
export const writtenText = (text: string, { lineEnd }: TextFile): string => text.replaceAll("\n", lineEnd);

/** The SHA-256 of bytes, in hexadecimal digits. */
export async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
