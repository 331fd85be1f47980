/**
 * Deletes of what no history brings back, which can be undone for a few seconds all the same.
 *
 * A revoked token never comes back, so the request itself waits; what is to be deleted is only hidden until then.
 * Leaving the page sends what waits.
 */
import { SvelteMap } from "svelte/reactivity";
import { t } from "../texts";
import { toasts } from "./toasts.svelte";
import { undo } from "./undo.svelte";

const UNDO_MS = 6000;
/** However long somebody points at notes: nobody waits longer for a token to end. */
const MAX_WAIT_MS = 20_000;

interface Waiting {
  run: (evenWhenClosing: boolean) => Promise<void>;
  dismiss: () => void;
  /** Neither Ctrl+Z nor its own time does anything any more. */
  forget: () => void;
}

class Deletions {
  private readonly waiting = new SvelteMap<string, Waiting>();

  constructor() {
    window.addEventListener("pagehide", () => this.flush(true));
  }

  /** Whether a thing is about to be deleted and should not be shown. */
  hides(id: string): boolean {
    return this.waiting.has(id);
  }

  /** Hides `id` now and deletes it later. `text` says what was done. */
  later(id: string, text: string, run: (evenWhenClosing: boolean) => Promise<void>): void {
    if (this.waiting.has(id)) return;
    const takeBack = (): void => this.undo(id);
    const dismiss = toasts.show(text, { label: t.common.undo, run: takeBack }, UNDO_MS, () => void this.execute(id, false));
    const latest = setTimeout(() => void this.execute(id, false), MAX_WAIT_MS);
    const unlist = undo.add(takeBack);
    const forget = (): void => {
      clearTimeout(latest);
      unlist();
    };
    this.waiting.set(id, { run, dismiss, forget });
  }

  private undo(id: string): void {
    const entry = this.waiting.get(id);
    if (!entry) return;
    entry.forget();
    entry.dismiss();
    this.waiting.delete(id);
  }

  private async execute(id: string, evenWhenClosing: boolean): Promise<void> {
    const entry = this.waiting.get(id);
    if (!entry) return;
    entry.forget();
    entry.dismiss();
    // Stays hidden until the answer, so that it does not flash up again.
    try {
      await entry.run(evenWhenClosing);
    } finally {
      this.waiting.delete(id);
    }
  }

  private flush(evenWhenClosing: boolean): void {
    for (const id of [...this.waiting.keys()]) void this.execute(id, evenWhenClosing);
  }
}

export const deletions = new Deletions();
