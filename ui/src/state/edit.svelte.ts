/** Editing one saved connection or group: fields are saved as they are typed, a refused one keeps its text and says why. */
import { ApiError, type ConnectionFields } from "../api";
import type { Connection, Group } from "../bindings";
import { connections } from "./connections.svelte";
import { groups } from "./groups.svelte";

export type FieldName = keyof ConnectionFields & string;
type Value = ConnectionFields[FieldName];

/** How long typing must pause before it is saved. */
const PAUSE_MS = 500;

/** What is edited: where its saved values are, and how they are written. */
interface Edited {
  saved: () => Connection | Group | null;
  /** Returns what lets Ctrl+Z forget it. */
  write: (fields: ConnectionFields) => Promise<() => void>;
  /** Writes what was before, which is no step of its own for Ctrl+Z. */
  revert: (fields: ConnectionFields) => Promise<void>;
}

/** The way back from a save: what was before, and what lets Ctrl+Z forget it. */
interface Back {
  fields: ConnectionFields;
  forget: () => void;
}

export function editMachine(uid: string): Edit {
  return new Edit({
    saved: () => connections.get(uid),
    write: (fields) => connections.update(uid, fields),
    revert: (fields) => connections.revert(uid, fields),
  });
}

export function editGroup(uid: string): Edit {
  return new Edit({
    saved: () => groups.get(uid),
    write: (fields) => groups.update(uid, fields),
    revert: (fields) => groups.revert(uid, fields),
  });
}

export class Edit {
  /** What was typed and is not confirmed yet. */
  private drafts: Record<string, Value> = $state({});
  errors: Record<string, string> = $state({});
  /** A refusal that is about no field. */
  problem: ApiError | null = $state.raw(null);
  isSaving = $state(false);
  savedAt: number | null = $state(null);
  private back: Back | null = $state.raw(null);
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** The save that is under way. The next one waits for it: it neither overtakes it nor says once more what it says. */
  private underWay: Promise<void> | null = null;

  constructor(private readonly edited: Edited) {}

  get canUndo(): boolean {
    return this.back !== null;
  }

  /** What a field shows: the draft while there is one. */
  show<T extends Value>(field: FieldName, saved: T): T {
    return field in this.drafts ? (this.drafts[field] as T) : saved;
  }

  /** Takes a value; it is saved after a pause, or at once. */
  set(field: FieldName, value: Value, when: "paused" | "now" = "paused"): void {
    this.drafts[field] = value;
    delete this.errors[field];
    clearTimeout(this.timer);
    if (when === "now") void this.flush();
    else this.timer = setTimeout(() => void this.flush(), PAUSE_MS);
  }

  /** Saves what is typed. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    while (this.underWay) await this.underWay;
    const fields = $state.snapshot(this.drafts) as ConnectionFields;
    const names = Object.keys(fields).filter((name) => !(name in this.errors));
    if (names.length === 0) return;
    const sent = Object.fromEntries(names.map((name) => [name, fields[name as FieldName]])) as ConnectionFields;
    const before = this.valuesOf(names);
    await this.save(sent, async () => {
      const forget = await this.edited.write(sent);
      this.back = before && { fields: before, forget };
    });
  }

  /** Takes the last save back. */
  async undo(): Promise<void> {
    const { back } = this;
    if (!back) return;
    this.drafts = {};
    this.errors = {};
    while (this.underWay) await this.underWay;
    await this.save(back.fields, async () => {
      await this.edited.revert(back.fields);
      back.forget();
      this.back = null;
    });
  }

  private async save(fields: ConnectionFields, work: () => Promise<void>): Promise<void> {
    const saving = this.attempt(fields, work);
    const end = (): void => void (this.underWay = null);
    this.underWay = saving.then(end, end);
    await saving;
  }

  private async attempt(fields: ConnectionFields, work: () => Promise<void>): Promise<void> {
    this.isSaving = true;
    this.problem = null;
    try {
      await work();
      this.savedAt = Date.now();
      for (const [name, value] of Object.entries(fields)) {
        if (JSON.stringify(this.drafts[name]) === JSON.stringify(value)) delete this.drafts[name];
      }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const { property } = error.body;
      if (property !== undefined && property in fields) this.errors[property] = error.message;
      else this.problem = error;
    } finally {
      this.isSaving = false;
    }
  }

  private valuesOf(names: string[]): ConnectionFields | null {
    const saved = this.edited.saved();
    if (!saved) return null;
    return Object.fromEntries(names.map((name) => [name, savedValue(saved, name)])) as ConnectionFields;
  }
}

function savedValue(thing: Connection | Group, field: string): unknown {
  if (field.includes(".")) return thing.settings[field] ?? null;
  return (thing as Record<string, unknown>)[field];
}
