/** What was done last and can be taken back, for Ctrl+Z: also after its note is gone. */

/** Nobody takes back more than that one by one. */
const MAX_KEPT = 50;

class Undo {
  private done: (() => void)[] = $state.raw([]);

  get isEmpty(): boolean {
    return this.done.length === 0;
  }

  /** Remembers how something is taken back; returns what forgets it. */
  add(takeBack: () => void): () => void {
    this.done = [...this.done, takeBack].slice(-MAX_KEPT);
    return () => (this.done = this.done.filter((one) => one !== takeBack));
  }

  /** Takes the last thing back. */
  last(): void {
    const takeBack = this.done.at(-1);
    if (!takeBack) return;
    this.done = this.done.slice(0, -1);
    takeBack();
  }

  clear(): void {
    this.done = [];
  }
}

export const undo = new Undo();
