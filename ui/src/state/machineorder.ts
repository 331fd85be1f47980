/** The order of machines by a column of their list. Each order is kept, so that going back to it costs nothing. */
import type { Connection } from "../bindings";
import { addressOf } from "./address";
import type { SortKey } from "./layout.svelte";
import { Order } from "./order";
import { compareTexts, ranksOf, ranksOfNumbers, sortedBy } from "./ranks";

export interface Sorting {
  key: SortKey;
  isDescending: boolean;
  /** The name of a machine's group. */
  groupOf: (machine: Connection) => string;
  /** Whatever `groupOf` goes by: with other groups, another order. */
  groups: unknown;
}

export class MachineOrder {
  private readonly orders = new Map<string, Order<Connection>>();
  /** The places of machines by a column, for the list they were made of. */
  private readonly ranks = new WeakMap<readonly Connection[], Map<SortKey, Int32Array>>();

  /** The machines in order; those that are alike in the column are in order of their names. */
  of(machines: readonly Connection[], sorting: Sorting): Connection[] {
    const { key, isDescending } = sorting;
    const name = `${key} ${isDescending}`;
    const order = this.orders.get(name) ?? new Order<Connection>();
    this.orders.set(name, order);
    const byColumn = comparing(sorting);
    const direction = isDescending ? -1 : 1;
    return order.of(machines, key === "group" ? [sorting.groups] : [], {
      compare: (a, b) => byColumn(a, b) * direction || compareTexts(a.name, b.name),
      sort: (all) => sortedBy(all, [{ ranks: this.ranksOf(all, sorting), isDescending }, { ranks: this.ranksOf(all, { ...sorting, key: "name" }) }]),
    });
  }

  private ranksOf(machines: readonly Connection[], sorting: Sorting): Int32Array {
    const { key } = sorting;
    // Groups get other names without any machine being another.
    if (key === "group") return rankedBy(machines, sorting);
    const known = this.ranks.get(machines) ?? new Map<SortKey, Int32Array>();
    this.ranks.set(machines, known);
    const ranks = known.get(key) ?? rankedBy(machines, sorting);
    known.set(key, ranks);
    return ranks;
  }
}

function comparing(sorting: Sorting): (a: Connection, b: Connection) => number {
  if (sorting.key === "last") return (a, b) => lastOf(a) - lastOf(b);
  const textOf = texts(sorting);
  return (a, b) => compareTexts(textOf(a), textOf(b));
}

function rankedBy(machines: readonly Connection[], sorting: Sorting): Int32Array {
  return sorting.key === "last" ? ranksOfNumbers(machines.map(lastOf)) : ranksOf(machines.map(texts(sorting)));
}

function lastOf({ last_connected: last }: Connection): number {
  return last ?? 0;
}

/** What a column shows. */
function texts({ key, groupOf }: Sorting): (machine: Connection) => string {
  switch (key) {
    case "protocol":
      return (machine) => machine.protocol;
    case "address":
      return addressOf;
    case "group":
      return groupOf;
    default:
      return (machine) => machine.name;
  }
}
