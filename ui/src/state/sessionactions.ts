/** What a person can do with a remote screen, from the toolbar, the menus and the keyboard alike. */
import { t } from "../texts";
import { api } from "../api";
import { ClipboardUnread, host, Unreachable } from "../host";
import { sessions } from "./sessions.svelte";
import type { SessionTab } from "./tab.svelte";
import { toasts } from "./toasts.svelte";

const CONTROL = 0xffe3;
const ALT = 0xffe9;
const F1 = 0xffbe;

/** Combinations the local system would keep for itself, as keysyms in the order they go down. */
export const COMBINATIONS = {
  ctrlAltDel: [CONTROL, ALT, 0xffff],
  ctrlAltBackspace: [CONTROL, ALT, 0xff08],
  altTab: [ALT, 0xff09],
  super: [0xffeb],
  printScreen: [0xff61],
} as const;

/** F1 to F12, alone or with Ctrl+Alt. */
export function functionKey(number: number, withCtrlAlt = false): number[] {
  const keysym = F1 + number - 1;
  return withCtrlAlt ? [CONTROL, ALT, keysym] : [keysym];
}

export function sendCombination(tab: SessionTab, keysyms: readonly number[]): void {
  tab.viewer.keyboard.combination(keysyms);
}

/** Types this computer's clipboard as keys, for places where pasting does not work. */
export async function typeClipboard(tab: SessionTab): Promise<void> {
  let text: string;
  try {
    text = await host.clipboard.read(true);
  } catch (error) {
    toasts.show(t.clipboard.unread[error instanceof ClipboardUnread ? error.why : "refused"](host.kind === "app"));
    return;
  }
  if (text === "") toasts.show(t.clipboard.nothingToType);
  else tab.viewer.type(text);
}

/** Sends this computer's clipboard because the person asked for it. */
export async function pushClipboard(tab: SessionTab): Promise<void> {
  const outcome = await tab.viewer.clipboard.push(true);
  if (outcome === "empty") toasts.show(t.clipboard.nothingToSend);
  else if (outcome === "same") toasts.show(t.clipboard.same);
  else if (outcome === "off") toasts.show(t.clipboard.notSent);
  else if (outcome !== "sent") toasts.show(t.clipboard.unread[outcome](host.kind === "app"));
}

/** Writes a text that came in while the browser wanted a click first. */
export async function pullClipboard(tab: SessionTab): Promise<void> {
  const isDone = await tab.viewer.clipboard.deliver();
  if (isDone && tab.clipboardNote) tab.clipboardNote = { ...tab.clipboardNote, isWaiting: false };
}

/** Puts the whole remote screen on this computer's clipboard, as a PNG. */
export async function copyScreenshot(tab: SessionTab): Promise<void> {
  if (tab.sessionId === null) return;
  const { sessionId } = tab;
  // Given as a promise: the browser must see the write begin with the click.
  const picture = api.screenshot(sessionId).then((bytes) => new Blob([bytes], { type: "image/png" }));
  try {
    await navigator.clipboard.write([new ClipboardItem({ "image/png": picture })]);
    toasts.show(t.session.screenshotCopied);
  } catch {
    toasts.show(t.session.screenshotFailed);
  }
}

/** Downloads the whole remote screen as a PNG. */
export async function saveScreenshot(tab: SessionTab): Promise<void> {
  if (tab.sessionId === null) return;
  try {
    const bytes = await api.screenshot(tab.sessionId);
    const url = URL.createObjectURL(new Blob([bytes], { type: "image/png" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = `${tab.name.replace(/[^\p{L}\p{N}._-]+/gu, "-")}-${new Date().toISOString().slice(0, 19).replace(/:/g, "")}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    toasts.show(t.session.screenshotFailed);
  }
}

/** Moves a session to a window of its own, or from there back to the main one. */
export function moveWindow(tab: SessionTab): void {
  if (!tab.canMove) return;
  if (host.own === null) void sessions.detach(tab);
  else if (tab.sessionId !== null) {
    // This window lets go first: two must never show the same.
    tab.dispose();
    host.own.leave({ kind: "session", session: tab.sessionId });
  }
}
