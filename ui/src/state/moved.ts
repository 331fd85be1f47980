/** How large a session's picture is shown, for the next window that shows it. Says nothing about machines. */
import type { Fitting } from "../session/pointer";

const KEY = "farwire.moved";
/** As many windows as there can be. */
const MAX_SESSIONS = 64;

type Entry = [session: string, fitting: Fitting];

function read(): Entry[] {
  try {
    const entries: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(entries) ? entries.filter(isEntry) : [];
  } catch {
    return [];
  }
}

function isEntry(entry: unknown): entry is Entry {
  if (!Array.isArray(entry) || typeof entry[0] !== "string") return false;
  const fitting: unknown = entry[1];
  return (typeof fitting === "number" && fitting > 0) || fitting === "fit" || fitting === "fill" || fitting === "exact";
}

function write(entries: Entry[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(entries.slice(-MAX_SESSIONS)));
  } catch {
    // A browser that keeps nothing: the next window fits the picture.
  }
}

/** A session is shown like this here, and would be in the next window. */
export function leaveFitting(session: string, fitting: Fitting): void {
  write([...read().filter(([known]) => known !== session), [session, fitting]]);
}

/** How the last window showed a session; null where none did. */
export function takeFitting(session: string): Fitting | null {
  const entries = read();
  const found = entries.find(([known]) => known === session);
  if (!found) return null;
  write(entries.filter((entry) => entry !== found));
  return found[1];
}
