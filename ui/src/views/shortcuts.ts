/** Keys of the lists and of the window itself. A remote screen that has the keyboard keeps these to itself. */
import { flushSync } from "svelte";
import { commandBar } from "../state/commandbar.svelte";
import { layout } from "../state/layout.svelte";
import { isList, library } from "../state/library.svelte";
import { MACHINES, sessions } from "../state/sessions.svelte";

/** Focuses the filter field; set by the view that has one. */
export const filterField: { element: HTMLInputElement | null } = { element: null };

function isOverlayOpen(): boolean {
  return document.querySelector('[role="dialog"], [role="alertdialog"], [role="menu"]') !== null;
}

function showMachines(): void {
  if (sessions.activeId !== MACHINES) sessions.activate(MACHINES);
}

const CTRL: Readonly<Record<string, () => void>> = {
  k: () => commandBar.open(),
  n: () => {
    showMachines();
    library.add();
  },
  f: () => {
    showMachines();
    if (!isList(library.place) && library.place.kind !== "trust") library.go({ kind: "all" });
    // The field may only just be on its way in. Not a frame later: what is typed until then would be replaced.
    flushSync();
    filterField.element?.select();
  },
  "1": () => (layout.view = "tiles"),
  "2": () => (layout.view = "table"),
  b: () => (layout.hasSidebar = !layout.hasSidebar),
  i: () => (layout.hasInspector = !layout.hasInspector),
  ",": () => {
    showMachines();
    library.go({ kind: "settings", page: "api" });
  },
  w: () => {
    if (sessions.active) sessions.close(sessions.active);
  },
};

/** Handles a key that nothing else wanted. */
export function handleShortcut(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.altKey) return;
  const isCommand = event.ctrlKey || event.metaKey;
  if (isOverlayOpen()) return;
  if (isCommand && event.key === "Tab") {
    event.preventDefault();
    sessions.step(event.shiftKey ? -1 : 1);
    return;
  }
  if (isCommand && !event.shiftKey) {
    const run = CTRL[event.key.toLowerCase()];
    if (!run) return;
    event.preventDefault();
    run();
  } else if (event.key === "Escape" && sessions.activeId === MACHINES) {
    if (layout.closeOverlay()) library.isAdding = false;
    else if (library.isAdding) library.isAdding = false;
    else if (library.filter !== "") library.filter = "";
  }
}
