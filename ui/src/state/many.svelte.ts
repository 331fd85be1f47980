/**
 * Changes of several machines at once.
 *
 * Each machine is a request of its own, so that one that is refused does not hold up the others; together they are one run,
 * which one undo takes back.
 */
import { api, ApiError, type ConnectionFields } from "../api";
import type { ChangedThingFields, Connection } from "../bindings";
import { t } from "../texts";
import { newRun, offerUndo } from "./history.svelte";
import { toasts } from "./toasts.svelte";

/** Requests under way at the same time. */
const AT_ONCE = 8;

/** A machine that was not changed, and why. */
export interface Refusal {
  machine: Connection;
  message: string;
}

/** What a change would do. */
export interface Preview {
  things: ChangedThingFields[];
  refused: Refusal[];
}

/** Tells a change in the words of who looks at it. */
export type Telling = (machine: Connection, fields: ConnectionFields, change: ChangedThingFields) => ChangedThingFields;

/** What is to be written of a machine; nothing where it is left alone. */
export type FieldsOf = (machine: Connection) => ConnectionFields;

class Many {
  /** How far the work is; nothing while there is none. */
  progress: { done: number; of: number } | null = $state.raw(null);
  private isCancelled = false;

  /** Leaves the machines that are not begun as they are. */
  cancel(): void {
    this.isCancelled = true;
  }

  /** What a change would do, from the API's own dry run. A machine of which nothing is to be written is not asked about. */
  async preview(list: readonly Connection[], fieldsOf: FieldsOf, tell: Telling): Promise<Preview> {
    const things: ChangedThingFields[] = [];
    const refused = await this.each(list, async (machine) => {
      const fields = fieldsOf(machine);
      if (Object.keys(fields).length === 0) return;
      const { changes } = await api.previewConnection(machine.uid, fields);
      things.push(...changes.map((change) => tell(machine, fields, change)));
    });
    const order = new Map(list.map((machine, at) => [machine.uid, at]));
    things.sort((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0));
    return { things, refused };
  }

  /** Writes fields of machines; tells what was done, with the way back. */
  change(list: readonly Connection[], fieldsOf: FieldsOf, said: (count: number) => string): Promise<Refusal[]> {
    return this.carryOut(list, said, (machine, run) => api.updateConnection(machine.uid, fieldsOf(machine), { run }));
  }

  /** Moves machines into a group, or out of all. */
  move(list: readonly Connection[], group: string | null, name: string): Promise<Refusal[]> {
    const moving = list.filter((machine) => machine.category_uid !== group);
    const said = (count: number): string =>
      count === 1 && moving[0] ? t.groups.moved(moving[0].name, name) : t.groups.movedMany(count, name);
    return this.change(moving, () => ({ category_uid: group }), said);
  }

  /** Deletes machines. */
  remove(list: readonly Connection[]): Promise<Refusal[]> {
    return this.carryOut(list, t.many.deleted, (machine, run) => api.deleteConnection(machine.uid, { run }));
  }

  private async carryOut(
    list: readonly Connection[],
    said: (count: number) => string,
    work: (machine: Connection, run: string) => Promise<unknown>,
  ): Promise<Refusal[]> {
    const run = newRun();
    let done = 0;
    const refused = await this.each(list, async (machine) => {
      await work(machine, run);
      done += 1;
    });
    if (done > 0) offerUndo(run, said(done));
    const [first] = refused;
    if (first) toasts.show(t.many.refused(refused.length, first.machine.name, first.message));
    return refused;
  }

  private async each(list: readonly Connection[], work: (machine: Connection) => Promise<unknown>): Promise<Refusal[]> {
    const refused: Refusal[] = [];
    let next = 0;
    let done = 0;
    this.isCancelled = false;
    this.progress = { done, of: list.length };
    const worker = async (): Promise<void> => {
      for (let machine = list[next]; machine && !this.isCancelled; machine = list[next]) {
        next += 1;
        try {
          await work(machine);
        } catch (error) {
          if (!(error instanceof ApiError)) throw error;
          refused.push({ machine, message: error.message });
        }
        done += 1;
        this.progress = { done, of: list.length };
      }
    };
    try {
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, list.length) }, worker));
    } finally {
      this.progress = null;
    }
    return refused;
  }
}

export const many = new Many();

/** What all machines have in a field, or that they differ. */
export function common<T>(list: readonly Connection[], value: (machine: Connection) => T): { is: T } | "mixed" {
  const [first, ...rest] = list;
  if (!first) return "mixed";
  const is = value(first);
  return rest.every((machine) => value(machine) === is) ? { is } : "mixed";
}
