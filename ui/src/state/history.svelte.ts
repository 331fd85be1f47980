/** What was changed, and the way back from it. */
import { untrack } from "svelte";
import { api, ApiError } from "../api";
import type { ChangeDetails, ChangeView, ThingKind } from "../bindings";
import type { RequestOptions } from "../host";
import { t } from "../texts";
import { Resource } from "./resource.svelte";
import { toasts } from "./toasts.svelte";
import { undo } from "./undo.svelte";

/** How many changes are listed at first; each time more are wanted it is twice as many. */
const PAGE = 100;
/** More than that is not listed at once. */
const MAX_LISTED = 10_000;
/** The API lists no more at a time. */
const MAX_PAGE = 1000;

class History extends Resource<ChangeView[]> {
  private wanted = $state(PAGE);

  constructor() {
    super((options) => listed(this.wanted, options));
  }

  /** Whether older changes can be listed. */
  get hasMore(): boolean {
    return this.value !== null && this.value.length >= this.wanted && this.wanted < MAX_LISTED;
  }

  /** Lists older changes too. */
  async more(): Promise<void> {
    this.wanted = Math.min(2 * this.wanted, MAX_LISTED);
    await this.load();
  }

  override clear(): void {
    super.clear();
    this.wanted = PAGE;
  }

  /** Something saved changed: lists anew where the list is looked at. */
  touch(): void {
    if (untrack(() => this.value) !== null) void this.load();
  }

  /** What a change changed. */
  details(id: string): Resource<ChangeDetails> {
    return new Resource((options) => api.change(id, options));
  }

  /** Takes a change back. Throws what the API refuses, such as things that changed again since. */
  async undo(id: string): Promise<void> {
    const { count } = await api.undoChange(id);
    toasts.show(t.history.undone(count));
    this.touch();
  }

  /** Takes back everything a run of a script changed. Throws what the API refuses. */
  async undoRun(run: string): Promise<void> {
    const { count } = await api.undoRun(run);
    toasts.show(t.history.undone(count));
    this.touch();
  }

  /** Brings things back to how a change left them. Throws what the API refuses. */
  async restore(id: string): Promise<void> {
    const { count } = await api.restoreChange(id);
    toasts.show(t.history.broughtBack(count));
    this.touch();
  }
}

export const history = new History();

/** Deletes a thing and offers the way back for a while. `failed` says in words that it was not deleted, and why. */
export async function deleteWithUndo(
  { kind, id }: { kind: ThingKind; id: string },
  work: () => Promise<unknown>,
  said: { done: string; failed: (why: string) => string },
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toasts.show(said.failed(error.message));
    return;
  }
  offer(said.done, () => void bringBack(kind, id));
}

/** Names a run of its own for changes that are taken back together. */
export function newRun(): string {
  return `window ${new Date().toISOString()} ${Math.random().toString(36).slice(2, 6)}`;
}

/** Does something in a run of its own, which Ctrl+Z takes back; returns what lets Ctrl+Z forget it. */
export async function undoably(work: (options: RequestOptions) => Promise<unknown>): Promise<() => void> {
  const run = newRun();
  await work({ run });
  return undo.add(() => void takeBack(run));
}

/** Says that something was done in a run, and offers for a while to take all of it back. */
export function offerUndo(run: string, said: string): void {
  offer(said, () => void takeBack(run));
}

/** The way back in a note, and for Ctrl+Z: whichever is taken, the other one is gone. */
function offer(said: string, work: () => void): void {
  const takeBack = (): void => {
    forget();
    dismiss();
    work();
  };
  const forget = undo.add(takeBack);
  const dismiss = toasts.show(said, { label: t.common.undo, run: takeBack });
}

/** The newest changes. While they are read newer ones may come, which shift the rest: none is listed twice. */
async function listed(wanted: number, options: RequestOptions): Promise<ChangeView[]> {
  const found = new Map<string, ChangeView>();
  for (let start = 0; start < wanted; start += MAX_PAGE) {
    const limit = Math.min(MAX_PAGE, wanted - start);
    const page = await api.history(limit, { ...options, start });
    for (const change of page) found.set(change.id, change);
    if (page.length < limit) break;
  }
  return [...found.values()];
}

async function takeBack(run: string): Promise<void> {
  try {
    await history.undoRun(run);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toasts.show(error.message);
  }
}

async function bringBack(kind: ThingKind, id: string): Promise<void> {
  try {
    const changes = await api.history(MAX_PAGE);
    const deleting = changes.find(({ undone, things }) =>
      !undone && things.some((thing) => thing.kind === kind && thing.id === id && thing.action === "delete"),
    );
    if (deleting) await api.undoChange(deleting.id);
    else toasts.show(t.history.forgotten);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toasts.show(error.message);
  }
}
