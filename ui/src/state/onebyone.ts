/**
 * Questions about single things, of which each is asked about by one question at a time. Of two at once the older answer could
 * come last, and would stay.
 */
interface UnderWay {
  /** What comes is old already: it is asked once more. */
  again: boolean;
  done: Promise<void>;
}

export class OneByOne {
  private readonly underWay = new Map<string, UnderWay>();

  /**
   * Asks about a thing; what is there afterwards is from after the call. `work` fetches, and puts the answer away unless it is old
   * by then.
   */
  ask(key: string, work: (isOld: () => boolean) => Promise<void>): Promise<void> {
    const known = this.underWay.get(key);
    if (known) {
      known.again = true;
      return known.done;
    }
    const one: UnderWay = { again: false, done: Promise.resolve() };
    this.underWay.set(key, one);
    one.done = this.run(one, work).finally(() => this.underWay.delete(key));
    return one.done;
  }

  /** Something newer is known from elsewhere of one thing, or of all: what is under way is asked once more. */
  outdate(key?: string): void {
    const all = key === undefined ? [...this.underWay.values()] : [this.underWay.get(key)];
    for (const one of all) if (one) one.again = true;
  }

  private async run(one: UnderWay, work: (isOld: () => boolean) => Promise<void>): Promise<void> {
    do {
      one.again = false;
      await work(() => one.again);
    } while (one.again);
  }
}
