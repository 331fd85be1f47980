/** What a person can do with a remote screen, from the toolbar, the menus and the keyboard alike. */
import { t } from "../texts";
import { api } from "../api";
import { Unreachable } from "../host";
import { systemClipboard } from "../session/clipboard";
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
  try {
    tab.viewer.type(await systemClipboard.read());
  } catch {
    toasts.show(t.session.clipboardRefused);
  }
}

/** Sends this computer's clipboard because the person asked for it. */
export async function pushClipboard(tab: SessionTab): Promise<void> {
  const outcome = await tab.viewer.clipboard.push(true);
  if (outcome === "refused") toasts.show(t.session.clipboardRefused);
  else if (outcome === "same") toasts.show(t.session.clipboardSame);
}

/** Writes a text that came in while the browser wanted a click first. */
export async function pullClipboard(tab: SessionTab): Promise<void> {
  const isDone = await tab.viewer.clipboard.deliver();
  if (isDone && tab.clipboardNote) tab.clipboardNote = { ...tab.clipboardNote, isWaiting: false };
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

/** The whole page goes full screen, so that menus and dialogs stay visible; the frame hides itself. */
export async function toggleFullScreen(): Promise<void> {
  if (document.fullscreenElement) {
    await document.exitFullscreen();
    return;
  }
  await document.documentElement.requestFullscreen();
  // Only Chromium can also hand over Alt+Tab and the like.
  const { keyboard } = navigator as Navigator & { keyboard?: { lock?: () => Promise<void> } };
  await keyboard?.lock?.().catch(() => undefined);
}
