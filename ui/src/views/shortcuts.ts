/** Keys of the lists and of the window itself. A remote screen that has the keyboard keeps these to itself. */
import { layout } from "../state/layout.svelte";
import { library } from "../state/library.svelte";
import { MACHINES, sessions } from "../state/sessions.svelte";
import { type Action, sessionActions, windowActions } from "./actions";
import { AltTap, isMenuKey, openMainMenu } from "./mainmenu";

const altTap = new AltTap();

/** What is closing still fades away, and takes no keys any more. */
const OVERLAYS = ["dialog", "alertdialog", "menu"].map((role) => `[role="${role}"]:not([data-state="closed"])`).join(", ");

function isOverlayOpen(): boolean {
  return document.querySelector(OVERLAYS) !== null;
}

/** The action whose shortcut this is. */
export function actionOf(keys: string): Action | null {
  const all: Action[] = [...Object.values(windowActions()), ...Object.values(sessionActions(sessions.active))];
  return all.find((action) => (action.listKeys === undefined ? action.keys : action.listKeys) === keys) ?? null;
}

/** Whether keys write a text there, which has its own way back. */
function isWriting(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return !["button", "checkbox", "radio", "range", "submit"].includes(target.type);
  return target instanceof HTMLTextAreaElement || (target instanceof HTMLElement && target.isContentEditable);
}

/** Handles a key that nothing else wanted. */
export function handleShortcut(event: KeyboardEvent): void {
  altTap.keyDown(event);
  if (event.defaultPrevented || event.altKey) return;
  const isCommand = event.ctrlKey || event.metaKey;
  if (isOverlayOpen()) return;
  if (isMenuKey(event)) {
    event.preventDefault();
    openMainMenu();
    return;
  }
  if (isCommand && event.key === "Tab") {
    event.preventDefault();
    sessions.step(event.shiftKey ? -1 : 1);
    return;
  }
  if (isCommand && !event.shiftKey) {
    const keys = `Ctrl+${event.key.toUpperCase()}`;
    const action = actionOf(keys);
    if (!action || (keys === "Ctrl+Z" && isWriting(event.target))) return;
    event.preventDefault();
    if (!action.isDisabled) action.run();
  } else if (event.key === "Escape" && sessions.activeId === MACHINES) {
    if (layout.closeOverlay()) library.isAdding = false;
    else if (library.isAdding) library.isAdding = false;
    else if (library.filter !== "") library.filter = "";
  }
}

/** Handles a key that is let go: Alt alone opens the menu. */
export function handleKeyUp(event: KeyboardEvent): void {
  if (altTap.keyUp(event) && !isOverlayOpen()) openMainMenu();
}

/** Something else happens while a key is down. */
export function forgetKeys(): void {
  altTap.forget();
}
