/** Saved connections, kept as the core says they are. */
import { untrack } from "svelte";
import { api, ApiError, type ConnectionFields } from "../api";
import type { Connection } from "../bindings";
import type { RequestOptions } from "../host";
import { t } from "../texts";
import { deleteWithUndo, undoably } from "./history.svelte";
import { OneByOne } from "./onebyone";
import { type Fetching, Resource } from "./resource.svelte";
import { byName } from "./byname";
import { countTags } from "./tags";

/** Changes that arrive closer together are fetched together. */
const GATHER_MS = 40;
/** From here on one list costs less than single answers. */
const FETCH_ALL_FROM = 20;

class Connections {
  private readonly list = new Resource<Connection[]>((options) => this.fetch(options));
  private readonly byId: Map<string, Connection> = $derived(new Map((this.list.value ?? []).map((one) => [one.uid, one])));
  private readonly asking = new OneByOne();
  private changed = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | null = null;

  readonly all: Connection[] = $derived(this.list.value ?? []);
  /** Every tag, with the number of machines that have it. */
  readonly tagCounts: ReadonlyMap<string, number> = $derived(countTags(this.all));
  readonly tags: string[] = $derived([...this.tagCounts.keys()].sort(byName.compare));

  get isLoaded(): boolean {
    return this.list.value !== null;
  }

  get error(): ApiError | null {
    return this.list.error;
  }

  get(uid: string | null): Connection | null {
    return uid === null ? null : (this.byId.get(uid) ?? null);
  }

  /** How the reading of the list goes. */
  get fetching(): Fetching {
    return this.list;
  }

  load(): Promise<void> {
    return this.list.load();
  }

  clear(): void {
    this.list.clear();
  }

  /** A connection changed or went away: fetches it soon. */
  touch(uid: string): void {
    this.changed.add(uid);
    this.timer ??= setTimeout(() => {
      this.timer = null;
      const uids = [...this.changed];
      this.changed.clear();
      if (uids.length >= FETCH_ALL_FROM) void this.load();
      else for (const each of uids) void this.refresh(each);
    }, GATHER_MS);
  }

  /** Fetches one connection anew. */
  refresh(uid: string): Promise<void> {
    return this.asking.ask(uid, async (isOld) => {
      try {
        const connection = await api.connection(uid);
        if (!isOld()) this.put(connection);
      } catch (error) {
        if (error instanceof ApiError && error.status === 404 && !isOld()) this.takeOut(uid);
      }
    });
  }

  async create(fields: ConnectionFields): Promise<string> {
    const { uid } = await api.createConnection(fields);
    await this.refresh(uid);
    return uid;
  }

  /** Changes a connection; returns what lets Ctrl+Z forget it. */
  async update(uid: string, fields: ConnectionFields): Promise<() => void> {
    const forget = await undoably((options) => api.updateConnection(uid, fields, options));
    await this.refresh(uid);
    return forget;
  }

  /** Takes a change back, which is no step of its own for Ctrl+Z. */
  async revert(uid: string, fields: ConnectionFields): Promise<void> {
    await api.updateConnection(uid, fields);
    await this.refresh(uid);
  }

  async duplicate(uid: string): Promise<string> {
    const copy = await api.duplicateConnection(uid);
    await this.refresh(copy.uid);
    return copy.uid;
  }

  /** Deletes a connection and offers the way back. */
  remove({ uid, name }: Connection): Promise<void> {
    const work = async (): Promise<void> => {
      await api.deleteConnection(uid);
      this.drop(uid);
    };
    const said = { done: t.library.deleted(name), failed: (why: string) => t.library.notDeleted(name, why) };
    return deleteWithUndo({ kind: "connection", id: uid }, work, said);
  }

  /** All of them; what did not change stays the same object, so that what was made of it stays too. */
  private async fetch(options: RequestOptions): Promise<Connection[]> {
    const all = await api.connections(options);
    this.asking.outdate();
    const before = untrack(() => this.byId);
    return all.map((one) => {
      const known = before.get(one.uid);
      return known && isSame(known, one) ? known : one;
    });
  }

  private put(connection: Connection): void {
    const list = this.list.value ?? [];
    const at = list.findIndex((one) => one.uid === connection.uid);
    this.list.amend(at < 0 ? [...list, connection] : list.with(at, connection));
  }

  /** A connection is gone. */
  drop(uid: string): void {
    this.asking.outdate(uid);
    this.takeOut(uid);
  }

  private takeOut(uid: string): void {
    this.list.amend((this.list.value ?? []).filter((one) => one.uid !== uid));
  }
}

/** Changes count the revision up; a restored backup may bring an old one back, with the time of its own. */
function isSame(a: Connection, b: Connection): boolean {
  return a.revision === b.revision && a.modified === b.modified && a.last_connected === b.last_connected;
}

export const connections = new Connections();
