/** Short notes that something was done. Errors that need an answer are never shown here. */

export interface Toast {
  id: number;
  text: string;
  action?: { label: string; run: () => void };
}

/** Why notes stay: somebody points at them, or the keyboard is on one. */
export type Hold = "pointer" | "focus";

const SHOWN_MS = 6000;
const MAX_SHOWN = 3;

interface Ending {
  timer: ReturnType<typeof setTimeout> | undefined;
  forMs: number;
  over: () => void;
}

class Toasts {
  all: Toast[] = $state.raw([]);
  private next = 1;
  private readonly endings = new Map<number, Ending>();
  private readonly holds = new Set<Hold>();

  /**
   * Shows a note for a while; returns what takes it away. `over` is called when it goes by itself: its time is over, it was closed,
   * or newer ones took its place.
   */
  show(text: string, action?: Toast["action"], forMs = SHOWN_MS, over: () => void = () => undefined): () => void {
    const id = this.next++;
    const toast: Toast = action ? { id, text, action } : { id, text };
    for (const old of this.all.slice(0, Math.max(0, this.all.length - MAX_SHOWN + 1))) this.remove(old.id);
    this.all = [...this.all, toast];
    const ending: Ending = { timer: undefined, forMs, over };
    this.endings.set(id, ending);
    this.begin(id, ending);
    return () => this.takeAway(id);
  }

  /** A note goes. */
  remove(id: number): void {
    const ending = this.endings.get(id);
    this.takeAway(id);
    ending?.over();
  }

  /** All notes stay for as long as somebody is about to do something with one. */
  hold(why: Hold): void {
    this.holds.add(why);
    for (const ending of this.endings.values()) clearTimeout(ending.timer);
  }

  /** Nobody is any more: each has its whole time again. */
  release(why: Hold): void {
    if (!this.holds.delete(why)) return;
    for (const [id, ending] of this.endings) this.begin(id, ending);
  }

  private begin(id: number, ending: Ending): void {
    clearTimeout(ending.timer);
    if (this.holds.size === 0) ending.timer = setTimeout(() => this.remove(id), ending.forMs);
  }

  private takeAway(id: number): void {
    clearTimeout(this.endings.get(id)?.timer);
    this.endings.delete(id);
    this.all = this.all.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
