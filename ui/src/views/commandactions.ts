import Archive from "@lucide/svelte/icons/archive";
import Braces from "@lucide/svelte/icons/braces";
import HistoryIcon from "@lucide/svelte/icons/history";
import LayoutGrid from "@lucide/svelte/icons/layout-grid";
import Plus from "@lucide/svelte/icons/plus";
import Radar from "@lucide/svelte/icons/radar";
import Rows from "@lucide/svelte/icons/rows-3";
import SettingsIcon from "@lucide/svelte/icons/settings";
import ShieldCheck from "@lucide/svelte/icons/shield-check";
import type { Component } from "svelte";
import { layout } from "../state/layout.svelte";
import { library, type Place } from "../state/library.svelte";
import { MACHINES, sessions } from "../state/sessions.svelte";
import { t } from "../texts";

export interface CommandAction {
  id: string;
  label: string;
  icon: Component<{ class?: string }>;
  keys?: string;
  run: () => void;
}

const MAX_ACTIONS = 4;

function go(place: Place): () => void {
  return () => {
    library.go(place);
    sessions.activate(MACHINES);
  };
}

const ALL: readonly CommandAction[] = [
  {
    id: "add",
    label: t.command.goTo.add,
    icon: Plus,
    keys: "Ctrl+N",
    run: () => {
      sessions.activate(MACHINES);
      library.add();
    },
  },
  { id: "nearby", label: t.command.goTo.nearby, icon: Radar, run: go({ kind: "nearby" }) },
  { id: "trust", label: t.command.goTo.trust, icon: ShieldCheck, run: go({ kind: "trust" }) },
  { id: "settings", label: t.command.goTo.settings, icon: SettingsIcon, keys: "Ctrl+,", run: go({ kind: "settings", page: "appearance" }) },
  { id: "api", label: t.command.goTo.api, icon: Braces, run: go({ kind: "settings", page: "api" }) },
  { id: "backups", label: t.command.goTo.backups, icon: Archive, run: go({ kind: "settings", page: "backups" }) },
  { id: "history", label: t.command.goTo.history, icon: HistoryIcon, run: go({ kind: "settings", page: "history" }) },
  { id: "tiles", label: t.command.goTo.tiles, icon: LayoutGrid, keys: "Ctrl+1", run: () => (layout.view = "tiles") },
  { id: "table", label: t.command.goTo.table, icon: Rows, keys: "Ctrl+2", run: () => (layout.view = "table") },
];

/** Actions whose name holds the text; a few to learn from while nothing is typed. */
export function commandActions(text: string): CommandAction[] {
  const wanted = text.trim().toLowerCase();
  return ALL.filter((action) => action.label.toLowerCase().includes(wanted)).slice(0, MAX_ACTIONS);
}
