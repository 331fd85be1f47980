/** What the Machines tab shows: a place, what of it passes the filter, and the selected machine. */
import type { Connection } from "../bindings";
import { addressOf } from "./address";
import { connections } from "./connections.svelte";
import { groups } from "./groups.svelte";
import { layout, type SortKey } from "./layout.svelte";

export type Place =
  | { kind: "all" | "favourites" | "recent" | "nearby" | "trust" }
  | { kind: "settings"; page: SettingsPage }
  | { kind: "group"; uid: string }
  | { kind: "tag"; tag: string };

export type SettingsPage = "api" | "appearance" | "vault" | "backups" | "history" | "about";

const RECENT_COUNT = 50;
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

class Library {
  place: Place = $state.raw({ kind: "all" });
  filter = $state("");
  selectedUid: string | null = $state(null);
  /** The form for a new machine takes the inspector's place. */
  isAdding = $state(false);
  /** The machine whose name is being edited in its row. */
  renamingUid: string | null = $state(null);

  /** Everything in the place, unfiltered. */
  readonly here: Connection[] = $derived(inPlace(this.place, connections.all));
  readonly shown: Connection[] = $derived(sorted(matching(this.filter, this.here), this.place));
  readonly selected: Connection | null = $derived(
    connections.all.find((connection) => connection.uid === this.selectedUid) ?? null,
  );

  go(place: Place): void {
    this.place = place;
    this.filter = "";
    this.renamingUid = null;
  }

  select(uid: string | null): void {
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
  return place.kind !== "nearby" && place.kind !== "trust" && place.kind !== "settings";
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

/** Machines in which every word of the text occurs somewhere. */
export function matching(text: string, list: Connection[]): Connection[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return list;
  return list.filter((one) => {
    const hay = searchable(one);
    return words.every((word) => hay.includes(word));
  });
}

/** What is searched of each machine; a changed machine is a new object, so nothing here gets old. */
const hays = new WeakMap<Connection, string>();

function searchable(one: Connection): string {
  let hay = hays.get(one);
  if (hay === undefined) {
    hay = [one.name, addressOf(one), one.protocol, one.notes, ...one.tags].join("\n").toLowerCase();
    hays.set(one, hay);
  }
  return hay;
}

function sorted(list: Connection[], place: Place): Connection[] {
  const { sort, isDescending } = layout;
  if (place.kind === "recent") return list;
  const direction = isDescending ? -1 : 1;
  const groupName = new Map(groups.all.map((group) => [group.group_uid, group.name]));
  const text = (one: Connection, key: SortKey): string => {
    switch (key) {
      case "protocol":
        return one.protocol;
      case "address":
        return addressOf(one);
      case "group":
        return groupName.get(one.category_uid ?? "") ?? "";
      default:
        return one.name;
    }
  };
  return [...list].sort((a, b) => {
    const order =
      sort === "last"
        ? (a.last_connected ?? 0) - (b.last_connected ?? 0)
        : collator.compare(text(a, sort), text(b, sort));
    return order * direction || collator.compare(a.name, b.name);
  });
}

export const library = new Library();
