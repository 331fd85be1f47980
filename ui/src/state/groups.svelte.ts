/** The tree of groups. */
import { api, type ApiError, type GroupFields } from "../api";
import type { Group } from "../bindings";
import { t } from "../texts";
import { byName } from "./byname";
import { connections } from "./connections.svelte";
import { deleteWithUndo, newRun, offerUndo, undoably } from "./history.svelte";
import { type Fetching, Resource } from "./resource.svelte";

/** A circle, which no change can make, would have no end. */
const MAX_DEPTH = 32;

export interface TreeGroup {
  group: Group;
  depth: number;
  hasChildren: boolean;
  /** Machines in it and in its subgroups. */
  count: number;
  /** Its place among the groups beside it, from 1, and how many these are. */
  position: number;
  siblings: number;
}

/** A group to choose among all. */
export interface GroupChoice {
  uid: string;
  name: string;
  depth: number;
  /** The names of the groups around it. */
  above: string;
}

class Groups {
  private readonly list = new Resource<Group[]>(api.groups);
  readonly all: Group[] = $derived(this.list.value ?? []);
  private readonly byId: Map<string, Group> = $derived(new Map(this.all.map((group) => [group.group_uid, group])));
  private readonly children: Map<string | null, Group[]> = $derived(byParent(this.all));
  private readonly own: Map<string, number> = $derived(countByGroup());
  /** Every group, in the order of the tree. */
  readonly choices: GroupChoice[] = $derived([...this.walk(null, 0, "")]);

  get isLoaded(): boolean {
    return this.list.value !== null;
  }

  get error(): ApiError | null {
    return this.list.error;
  }

  get(uid: string | null): Group | null {
    return uid === null ? null : (this.byId.get(uid) ?? null);
  }

  /** How the reading of the tree goes. */
  get fetching(): Fetching {
    return this.list;
  }

  /** What was said of groups by their identifiers, with their names. */
  named(text: string): string {
    return text.replace(/\bg_\w+/g, (uid) => t.groups.quoted(this.get(uid)?.name));
  }

  load(): Promise<void> {
    return this.list.load();
  }

  clear(): void {
    this.list.clear();
  }

  /** The rows of the tree in order; closed groups hide what is in them. */
  rows(isOpen: (uid: string) => boolean): TreeGroup[] {
    const rows: TreeGroup[] = [];
    const walk = (parent: string | null, depth: number): void => {
      const beside = this.children.get(parent) ?? [];
      for (const [index, group] of beside.entries()) {
        const hasChildren = this.children.has(group.group_uid);
        rows.push({ group, depth, hasChildren, count: this.count(group.group_uid), position: index + 1, siblings: beside.length });
        if (hasChildren && isOpen(group.group_uid)) walk(group.group_uid, depth + 1);
      }
    };
    walk(null, 0);
    return rows;
  }

  private *walk(parent: string | null, depth: number, above: string): Generator<GroupChoice> {
    for (const { group_uid: uid, name } of this.children.get(parent) ?? []) {
      yield { uid, name, depth, above };
      yield* this.walk(uid, depth + 1, above === "" ? name : `${above} / ${name}`);
    }
  }

  /** A group and everything below it. */
  within(uid: string): Set<string> {
    const found = new Set([uid]);
    for (const each of found) for (const child of this.children.get(each) ?? []) found.add(child.group_uid);
    return found;
  }

  /** A group and those around it, the nearest first. */
  *lineage(uid: string | null): Generator<Group> {
    let at = this.get(uid);
    for (let depth = 0; at && depth < MAX_DEPTH; depth++, at = this.get(at.parent_uid)) yield at;
  }

  /** Names from the top down to a group, for menus and captions. */
  path(uid: string | null): string[] {
    return Array.from(this.lineage(uid), (group) => group.name).reverse();
  }

  async create(name: string, parent: string | null): Promise<string> {
    const { group_uid: uid } = await api.createGroup(name, parent);
    await this.load();
    return uid;
  }

  /** Changes a group; returns what lets Ctrl+Z forget it. */
  async update(uid: string, fields: GroupFields): Promise<() => void> {
    const forget = await undoably((options) => api.updateGroup(uid, fields, options));
    await this.load();
    return forget;
  }

  /** Takes a change back, which is no step of its own for Ctrl+Z. */
  async revert(uid: string, fields: GroupFields): Promise<void> {
    await api.updateGroup(uid, fields);
    await this.load();
  }

  /** Whether a group can lie in another one, or at the top: it is there not yet, and that one is neither itself nor inside it. */
  canMove(uid: string, parent: string | null): boolean {
    const group = this.get(uid);
    return group !== null && group.parent_uid !== parent && (parent === null || !this.within(uid).has(parent));
  }

  /** Moves a group into another one, or to the top, and offers the way back. */
  async move(uid: string, parent: string | null): Promise<void> {
    const group = this.get(uid);
    if (!group || !this.canMove(uid, parent)) return;
    const run = newRun();
    await api.updateGroup(uid, { parent_uid: parent }, { run });
    await this.load();
    offerUndo(run, t.groups.moved(group.name, this.get(parent)?.name ?? t.groups.top));
  }

  /** Deletes a group and offers the way back; its machines stay. */
  remove({ group_uid: uid, name }: Group): Promise<void> {
    const work = async (): Promise<void> => {
      await api.deleteGroup(uid);
      await this.load();
    };
    const said = { done: t.groups.deleted(name), failed: (why: string) => t.groups.notDeleted(name, why) };
    return deleteWithUndo({ kind: "group", id: uid }, work, said);
  }

  /** Machines in a group and in its subgroups. */
  count(uid: string): number {
    let sum = 0;
    for (const each of this.within(uid)) sum += this.own.get(each) ?? 0;
    return sum;
  }
}

function byParent(all: Group[]): Map<string | null, Group[]> {
  const known = new Set(all.map((group) => group.group_uid));
  const map = new Map<string | null, Group[]>();
  for (const group of all) {
    // A group whose parent is not in the list yet moves to the top.
    const parent = group.parent_uid !== null && known.has(group.parent_uid) ? group.parent_uid : null;
    const siblings = map.get(parent);
    if (siblings) siblings.push(group);
    else map.set(parent, [group]);
  }
  for (const siblings of map.values()) siblings.sort((a, b) => byName.compare(a.name, b.name));
  return map;
}

function countByGroup(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { category_uid: uid } of connections.all) if (uid !== null) counts.set(uid, (counts.get(uid) ?? 0) + 1);
  return counts;
}

export const groups = new Groups();
