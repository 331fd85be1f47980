/** Keeps a long list in order: after a change, only what is new or changed is put in its place anew. */

/** From this part of a list on, sorting all of it costs less. */
const FEW = 0.1;

/** How things are put in order: two of them, and all of them. */
export interface Rule<T> {
  compare: (a: T, b: T) => number;
  sort: (items: readonly T[]) => T[];
}

export class Order<T extends object> {
  private items: readonly T[] = [];
  private sorted: T[] = [];
  private causes: readonly unknown[] = [];

  /**
   * The items in order. Things that are the same object as before are taken to be unchanged.
   *
   * `causes` is whatever the rule goes by: when any of it is another than before, everything is sorted.
   */
  of(items: readonly T[], causes: readonly unknown[], rule: Rule<T>): T[] {
    const isSameRule = causes.length === this.causes.length && causes.every((cause, index) => cause === this.causes[index]);
    if (isSameRule && items === this.items) return this.sorted;
    this.sorted = isSameRule ? this.merge(items, rule) : rule.sort(items);
    this.items = items;
    this.causes = causes;
    return this.sorted;
  }

  private merge(items: readonly T[], { compare, sort }: Rule<T>): T[] {
    const before = new Set(this.sorted);
    const fresh = items.filter((item) => !before.has(item));
    if (fresh.length > items.length * FEW) return sort(items);
    const now = new Set(items);
    const kept = this.sorted.filter((item) => now.has(item));
    const merged: T[] = [];
    let next = 0;
    for (const item of fresh.sort(compare)) {
      const place = firstAfter(kept, item, next, compare);
      while (next < place) merged.push(kept[next++] as T);
      merged.push(item);
    }
    while (next < kept.length) merged.push(kept[next++] as T);
    return merged;
  }
}

/** The first place from `from` on at which something larger than `item` lies. */
function firstAfter<T>(list: readonly T[], item: T, from: number, compare: (a: T, b: T) => number): number {
  let low = from;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(list[middle] as T, item) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
