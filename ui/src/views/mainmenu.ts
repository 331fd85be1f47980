/** The window's menu, for desktops that draw menus themselves. */
import type { MenuEntry } from "../components/menu";
import { host } from "../host";
import type { NativeEntry } from "../host";
import { library } from "../state/library.svelte";
import { MACHINES, sessions } from "../state/sessions.svelte";
import { t } from "../texts";
import { menuEntry, sessionActions, windowActions } from "./actions";
import { machineMenu, machinesMenu, noMachineMenu } from "./library/machinemenu";

/** Longer than this Alt is held for something else, such as moving the window with the mouse. */
const TAP_MS = 500;
const RULE: MenuEntry = { kind: "rule" };

/** What can be done with the machines that are selected. */
function ofSelected(): MenuEntry[] {
  const chosen = sessions.activeId === MACHINES ? library.chosen : [];
  const [first, ...others] = chosen;
  if (!first) return noMachineMenu();
  return others.length > 0 ? machinesMenu(chosen) : machineMenu(first);
}

function ofSession(): MenuEntry[] {
  const { observe, ctrlAltDel, typeClipboard, fit, fullScreen, detach, screenshot, copyScreenshot, editMachine, reconnect, close } =
    sessionActions(sessions.active);
  const groups = [
    [observe, fit, fullScreen, detach],
    [ctrlAltDel, typeClipboard],
    [screenshot, copyScreenshot, editMachine],
    [reconnect, close],
  ];
  return groups.flatMap((group, at) => [...(at === 0 ? [] : [RULE]), ...group.map(menuEntry)]);
}

/** All of the menu. A session's own window has the part about the session alone. */
export function mainMenu(): MenuEntry[] {
  if (host.own) return ofSession();
  const of = windowActions();
  const lines = (...actions: Parameters<typeof menuEntry>[0][]): MenuEntry[] => actions.map(menuEntry);
  const branch = (label: string, items: MenuEntry[]): MenuEntry => ({ kind: "branch", label, items });
  const { menus } = t.window;
  return [
    branch(menus.file, [...lines(of.add, of.search, of.openFile), RULE, ...lines(of.nearby, of.backups), RULE, ...lines(of.settings, of.quit)]),
    branch(menus.edit, [...lines(of.undo), RULE, ...lines(of.filter, of.selectAll), RULE, ...ofSelected(), RULE, ...lines(of.history)]),
    branch(menus.view, [
      ...lines(of.tiles, of.table),
      RULE,
      ...lines(of.sidebar, of.details),
      RULE,
      ...lines(of.all, of.favourites, of.recent, of.tunnels, of.trust),
      RULE,
      ...lines(of.nextTab, of.previousTab),
    ]),
    branch(menus.session, ofSession()),
    branch(menus.help, lines(of.api, of.about)),
  ];
}

/** Entries as the program shows them, and what each of their numbers does. Words that cannot be chosen are left out. */
export function numbered(entries: readonly MenuEntry[], runs: (() => void)[] = []): { plain: NativeEntry[]; runs: (() => void)[] } {
  const plain = entries.flatMap((entry): NativeEntry[] => {
    switch (entry.kind) {
      case "rule":
        return [{ kind: "rule" }];
      case "title":
      case "hint":
        return [];
      case "branch":
        return [{ kind: "branch", label: entry.label, isEnabled: !entry.isDisabled, items: numbered(entry.items, runs).plain }];
      default: {
        const id = runs.push(entry.run) - 1;
        const isOn = entry.kind === "toggle" ? entry.isOn : null;
        return [{ kind: "action", id, label: entry.label, keys: entry.keys ?? null, isEnabled: !entry.isDisabled, isOn }];
      }
    }
  });
  return { plain, runs };
}

/** Opens the menu under a button, or in the window's corner for the keyboard, where the program can. */
export function openMainMenu(button?: Element): void {
  const { bottom: y, left: x } = button?.getBoundingClientRect() ?? { bottom: 0, left: 0 };
  const { plain, runs } = numbered(mainMenu());
  void host.menu?.(plain, { x: Math.round(x), y: Math.round(y) }, button === undefined).then((id) => {
    if (id !== null) runs[id]?.();
  });
}

/** Whether a key opens the menu, as on every desktop. */
export function isMenuKey({ key, ctrlKey, altKey, shiftKey, metaKey }: KeyboardEvent): boolean {
  return host.menu !== null && key === "F10" && !ctrlKey && !altKey && !shiftKey && !metaKey;
}

/** Sees Alt pressed and let go with nothing between. */
export class AltTap {
  private at: number | null = null;

  keyDown(event: KeyboardEvent): void {
    const isAlone = event.key === "Alt" && !event.ctrlKey && !event.shiftKey && !event.metaKey;
    if (event.repeat && isAlone) return;
    this.at = isAlone && !event.defaultPrevented && host.menu !== null ? event.timeStamp : null;
  }

  keyUp(event: KeyboardEvent): boolean {
    const isTap = event.key === "Alt" && this.at !== null && event.timeStamp - this.at < TAP_MS;
    this.at = null;
    return isTap;
  }

  forget(): void {
    this.at = null;
  }
}
