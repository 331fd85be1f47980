/**
 * Paths as the API hands them out: their exact bytes, written in ASCII. A slash stays a slash, so that what is above and below can be
 * named here; what a part is called is for people only.
 */

const BEGIN = "path:";

/** The path of an entry that a person names. */
export function childOf(folder: string, name: string): string {
  return `${folder.endsWith("/") ? folder : `${folder}/`}${escaped(name)}`;
}

/** The folder that a path lies in; null for the topmost one. */
export function parentOf(path: string): string | null {
  const trimmed = path.replace(/\/+$/, "");
  if (trimmed.length <= BEGIN.length) return null;
  const at = trimmed.lastIndexOf("/");
  return at < BEGIN.length ? null : trimmed.slice(0, Math.max(at, BEGIN.length + 1));
}

/** What a path is made of, from the top down. */
export function partsOf(path: string): { name: string; path: string }[] {
  const names = path.slice(BEGIN.length).split("/").filter((name) => name !== "");
  return names.map((name, at) => ({ name: shown(name), path: `${BEGIN}/${names.slice(0, at + 1).join("/")}` }));
}

/** The topmost folder. */
export const ROOT = `${BEGIN}/`;

/** A path for people; what is no text in it is shown as a question mark in a diamond. */
export function displayed(path: string): string {
  return shown(path.slice(BEGIN.length));
}

/** Whether a person may call an entry so. */
export function isName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name);
}

/** Another name for the same: `name (2).txt`. */
export function numbered(name: string, number: number): string {
  const dot = name.lastIndexOf(".");
  return dot > 0 ? `${name.slice(0, dot)} (${number})${name.slice(dot)}` : `${name} (${number})`;
}

function escaped(name: string): string {
  const bytes = new TextEncoder().encode(name);
  return Array.from(bytes, (byte) => {
    const letter = String.fromCharCode(byte);
    return /[A-Za-z0-9._-]/.test(letter) ? letter : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}

function shown(text: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === "%") {
      bytes.push(Number.parseInt(text.slice(at + 1, at + 3), 16));
      at += 2;
    } else {
      bytes.push(text.charCodeAt(at));
    }
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
