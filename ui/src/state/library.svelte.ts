/** What the Machines tab shows: a place, what of it passes the filter, and the selected machine. */
import type { Connection } from "../bindings";
import { connections } from "./connections.svelte";
import { groups } from "./groups.svelte";
import { layout, type SortKey } from "./layout.svelte";
import { MachineOrder } from "./machineorder";
import { matching } from "./search";

export type Place =
  | { kind: "all" | "favourites" | "recent" | "ungrouped" | "nearby" | "tunnels" | "trust" }
  | { kind: "settings"; page: SettingsPage }
  | { kind: "group"; uid: string }
  | { kind: "tag"; tag: string };

export type SettingsPage = "api" | "appearance" | "vault" | "backups" | "history" | "about";

const RECENT_COUNT = 50;
/** Lists that are changed again within this time are not put in order ahead. */
const REST_MS = 1000;

class Library {
  place: Place = $state.raw({ kind: "all" });
  filter = $state("");
  /** The selected machine, or the one of several that the keyboard is on. */
  selectedUid: string | null = $state(null);
  /** All of the selected machines where there are several, else nothing. */
  private marks: ReadonlySet<string> = $state.raw(new Set());
  /** Where a range of machines begins. */
  private anchorUid: string | null = null;
  /** The form for a new machine takes the inspector's place. */
  isAdding = $state(false);
  /** The machine whose name is being edited in its row. */
  renamingUid: string | null = $state(null);

  private readonly order = new MachineOrder();
  /** All machines, in order. */
  readonly all: Connection[] = $derived(this.sortedBy(layout.sort, layout.isDescending));
  /** Everything in the place, unfiltered, in order. */
  readonly here: Connection[] = $derived(inPlace(this.place, this.all));
  readonly shown: Connection[] = $derived(matching(this.filter, this.here));
  readonly selected: Connection | null = $derived(connections.get(this.selectedUid));
  /** Every selected machine that is shown, in the list's order. */
  readonly chosen: Connection[] = $derived(
    this.marks.size > 1 ? this.shown.filter((one) => this.marks.has(one.uid)) : this.selected ? [this.selected] : [],
  );

  private sortedBy(key: SortKey, isDescending: boolean): Connection[] {
    const groupOf = (machine: Connection): string => groups.get(machine.category_uid)?.name ?? "";
    return this.order.of(connections.all, { key, isDescending, groupOf, groups: key === "group" && groups.all });
  }

  /** Whenever machines have changed, puts them in the order that takes longest, while nobody waits for it. */
  watch(): void {
    $effect(() => {
      void connections.all;
      const timer = setTimeout(() => this.sortedBy("address", false), REST_MS);
      return () => clearTimeout(timer);
    });
  }

  go(place: Place): void {
    this.place = place;
    this.filter = "";
    this.renamingUid = null;
    this.marks = new Set();
    // The details are the group's then.
    if (place.kind === "group") this.selectedUid = null;
  }

  isSelected(uid: string): boolean {
    return this.marks.size > 1 ? this.marks.has(uid) : uid === this.selectedUid;
  }

  /** Selects one machine alone. */
  select(uid: string | null): void {
    this.mark(new Set(), uid);
    this.anchorUid = uid;
  }

  /** Takes a machine into the selection, or out of it. */
  toggle(uid: string): void {
    const marks = new Set(this.chosen.map((one) => one.uid));
    if (!marks.delete(uid)) marks.add(uid);
    const [only] = marks.size === 1 ? marks : [uid];
    this.mark(marks, marks.size === 0 ? null : (only ?? null));
    this.anchorUid = uid;
  }

  /** Selects everything from where the selection began to a machine. */
  extend(uid: string): void {
    const from = this.shown.findIndex((one) => one.uid === (this.anchorUid ?? this.selectedUid ?? uid));
    const to = this.shown.findIndex((one) => one.uid === uid);
    if (from < 0 || to < 0) return this.select(uid);
    const range = this.shown.slice(Math.min(from, to), Math.max(from, to) + 1);
    this.mark(new Set(range.map((one) => one.uid)), uid);
    this.anchorUid = this.shown[from]?.uid ?? uid;
  }

  selectAll(): void {
    this.mark(new Set(this.shown.map((one) => one.uid)), this.selectedUid ?? this.shown[0]?.uid ?? null);
  }

  /** A menu or a drag begins at a machine: of several when it is one of those selected, else of it alone. */
  aim(uid: string): void {
    if (this.isSelected(uid)) this.selectedUid = uid;
    else this.select(uid);
  }

  /** A click, with the keys that are held as everywhere else. */
  click(uid: string, { shiftKey, ctrlKey, metaKey }: MouseEvent): void {
    if (shiftKey) this.extend(uid);
    else if (ctrlKey || metaKey) this.toggle(uid);
    else this.select(uid);
  }

  private mark(marks: ReadonlySet<string>, uid: string | null): void {
    this.marks = marks;
    this.selectedUid = uid;
    this.isAdding = false;
  }

  /** Opens the form for a new machine. */
  add(): void {
    if (!isList(this.place)) this.go({ kind: "all" });
    this.isAdding = true;
    layout.hasInspector = true;
  }

  /** The group a new machine goes to. */
  get targetGroup(): string | null {
    return this.place.kind === "group" ? this.place.uid : null;
  }
}

export function isList(place: Place): boolean {
  return place.kind !== "nearby" && place.kind !== "tunnels" && place.kind !== "trust" && place.kind !== "settings";
}

function inPlace(place: Place, all: Connection[]): Connection[] {
  switch (place.kind) {
    case "favourites":
      return all.filter((one) => one.favorite);
    case "recent":
      return all
        .filter((one) => one.last_connected !== null)
        .sort((a, b) => (b.last_connected ?? 0) - (a.last_connected ?? 0))
        .slice(0, RECENT_COUNT);
    case "ungrouped":
      return all.filter((one) => one.category_uid === null);
    case "group": {
      const wanted = groups.within(place.uid);
      return all.filter((one) => one.category_uid !== null && wanted.has(one.category_uid));
    }
    case "tag":
      return all.filter((one) => one.tags.includes(place.tag));
    default:
      return all;
  }
}

export const library = new Library();
