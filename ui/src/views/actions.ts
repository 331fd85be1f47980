/** The table of actions. The command bar, the menus, the toolbar's menu and the shortcuts all take them from here. */
import Archive from "@lucide/svelte/icons/archive";
import Braces from "@lucide/svelte/icons/braces";
import Cable from "@lucide/svelte/icons/cable";
import Camera from "@lucide/svelte/icons/camera";
import ClipboardCopy from "@lucide/svelte/icons/clipboard-copy";
import Clock from "@lucide/svelte/icons/clock";
import Eye from "@lucide/svelte/icons/eye";
import FileInput from "@lucide/svelte/icons/file-input";
import Folder from "@lucide/svelte/icons/folder";
import HistoryIcon from "@lucide/svelte/icons/history";
import Info from "@lucide/svelte/icons/info";
import Keyboard from "@lucide/svelte/icons/keyboard";
import KeyRound from "@lucide/svelte/icons/key-round";
import LayoutGrid from "@lucide/svelte/icons/layout-grid";
import ListChecks from "@lucide/svelte/icons/list-checks";
import ListFilter from "@lucide/svelte/icons/list-filter";
import LogOut from "@lucide/svelte/icons/log-out";
import Maximize from "@lucide/svelte/icons/maximize";
import Minimize from "@lucide/svelte/icons/minimize";
import Monitor from "@lucide/svelte/icons/monitor";
import Palette from "@lucide/svelte/icons/palette";
import PanelLeft from "@lucide/svelte/icons/panel-left";
import PanelRight from "@lucide/svelte/icons/panel-right";
import PencilLine from "@lucide/svelte/icons/pencil";
import PictureInPicture from "@lucide/svelte/icons/picture-in-picture-2";
import Plus from "@lucide/svelte/icons/plus";
import Radar from "@lucide/svelte/icons/radar";
import RotateCw from "@lucide/svelte/icons/rotate-cw";
import Rows from "@lucide/svelte/icons/rows-3";
import Search from "@lucide/svelte/icons/search";
import SettingsIcon from "@lucide/svelte/icons/settings";
import ShieldCheck from "@lucide/svelte/icons/shield-check";
import Undo from "@lucide/svelte/icons/undo-2";
import SquareArrowDownLeft from "@lucide/svelte/icons/square-arrow-down-left";
import Star from "@lucide/svelte/icons/star";
import TextCursorInput from "@lucide/svelte/icons/text-cursor-input";
import Unplug from "@lucide/svelte/icons/unplug";
import { type Component, flushSync } from "svelte";
import type { MenuEntry } from "../components/menu";
import { host } from "../host";
import { connections } from "../state/connections.svelte";
import { fullScreen } from "../state/fullscreen.svelte";
import { layout } from "../state/layout.svelte";
import { isList, library, type Place, type SettingsPage } from "../state/library.svelte";
import { grant } from "../state/places";
import * as rdpFiles from "../state/rdpfiles";
import { COMBINATIONS, copyScreenshot, moveWindow, saveScreenshot, sendCombination, typeClipboard } from "../state/sessionactions";
import { MACHINES, sessions } from "../state/sessions.svelte";
import type { SessionTab } from "../state/tab.svelte";
import { undo } from "../state/undo.svelte";
import { t } from "../texts";

export interface Action {
  /** In menus. */
  label: string;
  /** In the command bar, where it stands alone. */
  find?: string;
  icon: Component<{ class?: string }>;
  /** The shortcut where the keyboard is now. */
  keys?: string;
  /** The shortcut everywhere but over a remote screen, where it is another one; null where what has the focus sees to it. */
  listKeys?: string | null;
  /** For switches: whether it is on. */
  isOn?: boolean;
  /** There is nothing it could do now. */
  isDisabled?: boolean;
  isDanger?: boolean;
  run: () => void;
}

/** Focuses the filter field; set by the view that has one. */
export const filterField: { element: HTMLInputElement | null } = { element: null };

const { goTo } = t.command;

function showMachines(): void {
  if (sessions.activeId !== MACHINES) sessions.activate(MACHINES);
}

/** Shows a place of the library. */
export function go(place: Place): void {
  library.go(place);
  showMachines();
}

function place(name: keyof typeof goTo & string, icon: Action["icon"], to: Place): Action {
  const label = goTo[name];
  return { label: typeof label === "string" ? label : name, icon, run: () => go(to) };
}

const page = (id: SettingsPage, icon: Action["icon"]): Action => place(id, icon, { kind: "settings", page: id });

function filter(): void {
  showMachines();
  if (!isList(library.place) && library.place.kind !== "trust") library.go({ kind: "all" });
  // The field may only just be on its way in. Not a frame later: what is typed until then would be replaced.
  flushSync();
  filterField.element?.select();
}

/** What can be done in the window, whatever is in front. */
export function windowActions() {
  const onMachines = sessions.activeId === MACHINES;
  const inList = onMachines && isList(library.place);
  const isAlone = sessions.tabs.length === 0;
  /** The machine that is looked at. */
  const machine = onMachines ? library.selected : connections.get(sessions.active?.connectionUid ?? "");
  return {
    add: {
      label: t.window.newConnection,
      find: goTo.add,
      icon: Plus,
      keys: "Ctrl+N",
      run: () => {
        showMachines();
        library.add();
      },
    },
    search: {
      label: t.window.search,
      icon: Search,
      keys: onMachines ? "Ctrl+K" : "Ctrl+Alt+K",
      listKeys: "Ctrl+K",
      run: () => grant({ kind: "search" }),
    },
    openFile: {
      label: t.rdp.file.open,
      find: t.rdp.file.find,
      icon: FileInput,
      isDisabled: host.own !== null,
      run: () => rdpFiles.pick(),
    },
    undo: { label: t.common.undo, icon: Undo, keys: "Ctrl+Z", isDisabled: !onMachines || undo.isEmpty, run: () => undo.last() },
    filter: { label: t.window.filter, icon: ListFilter, keys: "Ctrl+F", run: filter },
    selectAll: {
      label: t.window.selectAll,
      icon: ListChecks,
      keys: "Ctrl+A",
      // A field has its own use for it.
      listKeys: null,
      isDisabled: !inList || library.shown.length === 0,
      run: () => library.selectAll(),
    },
    files: {
      label: t.files.open,
      find: t.files.openOf(machine?.name ?? ""),
      icon: Folder,
      isDisabled: machine?.protocol !== "SSH" || host.own !== null,
      run: () => machine && sessions.openFiles(machine.uid),
    },
    nearby: place("nearby", Radar, { kind: "nearby" }),
    tunnels: place("tunnels", Cable, { kind: "tunnels" }),
    trust: place("trust", ShieldCheck, { kind: "trust" }),
    settings: { ...place("settings", SettingsIcon, { kind: "settings", page: "api" }), keys: "Ctrl+," },
    api: page("api", Braces),
    appearance: page("appearance", Palette),
    vault: page("vault", KeyRound),
    backups: page("backups", Archive),
    history: page("history", HistoryIcon),
    about: page("about", Info),
    all: place("all", Monitor, { kind: "all" }),
    favourites: place("favourites", Star, { kind: "favourites" }),
    recent: place("recent", Clock, { kind: "recent" }),
    tiles: {
      label: goTo.tiles,
      icon: LayoutGrid,
      keys: "Ctrl+1",
      isOn: layout.view === "tiles",
      run: () => (layout.view = "tiles"),
    },
    table: {
      label: goTo.table,
      icon: Rows,
      keys: "Ctrl+2",
      isOn: layout.view === "table",
      run: () => (layout.view = "table"),
    },
    sidebar: {
      label: t.window.showSidebar,
      find: goTo.sidebar,
      icon: PanelLeft,
      keys: "Ctrl+B",
      isOn: layout.hasSidebar,
      run: () => (layout.hasSidebar = !layout.hasSidebar),
    },
    details: {
      label: t.window.showInspector,
      find: goTo.details,
      icon: PanelRight,
      keys: "Ctrl+I",
      isOn: layout.hasInspector,
      run: () => (layout.hasInspector = !layout.hasInspector),
    },
    nextTab: {
      label: t.window.nextTab,
      icon: Rows,
      keys: onMachines ? "Ctrl+Tab" : "Ctrl+Alt+PgDn",
      isDisabled: isAlone,
      run: () => sessions.step(1),
    },
    previousTab: {
      label: t.window.previousTab,
      icon: Rows,
      keys: onMachines ? "Ctrl+Shift+Tab" : "Ctrl+Alt+PgUp",
      isDisabled: isAlone,
      run: () => sessions.step(-1),
    },
    quit: { label: t.window.quit, icon: LogOut, isDisabled: host.quit === null, run: () => host.quit?.() },
  } satisfies Record<string, Action>;
}

/** What can be done with a session; nothing where there is none. */
export function sessionActions(tab: SessionTab | null) {
  const act = (run: (tab: SessionTab) => unknown) => () => {
    if (tab) void run(tab);
  };
  const isOff = tab === null;
  const hasScreen = tab !== null && tab.isLive && !tab.isFiles;
  const hasNoInput = !hasScreen || tab.viewOnly;
  const name = tab?.title ?? "";
  return {
    screenshot: { label: t.session.screenshot, icon: Camera, keys: "Ctrl+Alt+S", isDisabled: !hasScreen, run: act(saveScreenshot) },
    copyScreenshot: { label: t.session.copyScreenshot, icon: ClipboardCopy, isDisabled: !hasScreen, run: act(copyScreenshot) },
    editMachine: {
      label: t.session.editMachine,
      icon: PencilLine,
      isDisabled: isOff,
      run: act(({ connectionUid }) => grant({ kind: "details", connection: connectionUid })),
    },
    observe: {
      label: t.session.observe,
      icon: Eye,
      keys: "Ctrl+Alt+O",
      isOn: tab?.viewOnly ?? false,
      isDisabled: !hasScreen,
      run: act((one) => one.setViewOnly(!one.viewOnly)),
    },
    ctrlAltDel: {
      label: "Ctrl+Alt+Del",
      icon: Keyboard,
      keys: "Ctrl+Alt+End",
      isDisabled: hasNoInput,
      run: act((one) => sendCombination(one, COMBINATIONS.ctrlAltDel)),
    },
    typeClipboard: {
      label: t.session.typeClipboard,
      icon: TextCursorInput,
      keys: "Ctrl+Alt+V",
      isDisabled: hasNoInput,
      run: act(typeClipboard),
    },
    fit: {
      label: t.session.fit,
      icon: Maximize,
      keys: "Ctrl+Alt+0",
      isOn: tab?.fitting === "fit",
      isDisabled: isOff || tab.isFiles,
      run: act((one) => (one.fitting = "fit")),
    },
    fullScreen: {
      label: fullScreen.isOn ? t.session.leaveFullScreen : t.session.fullScreen,
      find: goTo.fullScreen(name),
      icon: fullScreen.isOn ? Minimize : Maximize,
      keys: "Ctrl+Alt+Enter",
      isDisabled: isOff || tab.isFiles,
      run: act(() => fullScreen.toggle()),
    },
    detach: {
      label: host.own ? t.session.attach : t.session.detach,
      find: goTo.detach(name),
      icon: host.own ? SquareArrowDownLeft : PictureInPicture,
      keys: "Ctrl+Alt+W",
      isDisabled: !tab?.canMove,
      run: act(moveWindow),
    },
    reconnect: { label: t.session.reconnect, icon: RotateCw, keys: "Ctrl+Alt+R", isDisabled: isOff, run: act((one) => one.reconnect()) },
    close: {
      label: t.session.disconnect,
      find: goTo.close(name),
      icon: Unplug,
      keys: "Ctrl+Alt+Q",
      listKeys: "Ctrl+W",
      isDisabled: isOff,
      isDanger: true,
      run: act((one) => sessions.close(one)),
    },
  } satisfies Record<string, Action>;
}

/** An action as a line of a menu. */
export function menuEntry({ label, icon, keys, isOn, isDisabled = false, isDanger = false, run }: Action): MenuEntry {
  const shown = keys === undefined ? {} : { keys };
  if (isOn !== undefined) return { kind: "toggle", label, isOn, isDisabled, run, ...shown };
  return { label, icon, isDisabled, isDanger, run, ...shown };
}
