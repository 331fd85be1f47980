import { expect, it } from "vitest";
import { Order, type Rule } from "./order";

interface Thing {
  name: number;
}

const compare = (a: Thing, b: Thing): number => a.name - b.name;
const by = (rule: typeof compare): Rule<Thing> => ({ compare: rule, sort: (items) => items.toSorted(rule) });
const things = (...names: number[]): Thing[] => names.map((name) => ({ name }));

/** Numbers that look random and are the same each time. */
function* numbers(): Generator<number> {
  for (let value = 1; ; value = (value * 48271) % 2147483647) yield value;
}

it("is what sorting everything would be, whatever changes", () => {
  const random = numbers();
  const next = (below: number): number => (random.next().value as number) % below;
  const order = new Order<Thing>();
  let list = things(...Array.from({ length: 300 }, () => next(1000)));
  for (let round = 0; round < 100; round += 1) {
    for (let change = next(40); change > 0; change -= 1) {
      const at = next(list.length);
      if (change % 3 === 0) list = list.toSpliced(at, 1);
      else if (change % 3 === 1) list = list.with(at, { name: next(1000) });
      else list = [...list, { name: next(1000) }];
    }
    const names = order.of(list, [], by(compare)).map((thing) => thing.name);
    expect(names).toEqual(list.map((thing) => thing.name).sort((a, b) => a - b));
  }
});

it("compares little when little has changed", () => {
  const order = new Order<Thing>();
  const list = things(...Array.from({ length: 10_000 }, (_, at) => (at * 7919) % 10_000));
  order.of(list, [], by(compare));
  let compared = 0;
  const counting = (a: Thing, b: Thing): number => ((compared += 1), compare(a, b));
  expect(order.of(list.with(77, { name: 5000 }), [], by(counting))).toHaveLength(10_000);
  expect(compared).toBeLessThan(50);
});

it("sorts everything anew by another rule", () => {
  const order = new Order<Thing>();
  const list = things(2, 3, 1);
  expect(order.of(list, ["up"], by(compare)).map((thing) => thing.name)).toEqual([1, 2, 3]);
  expect(order.of(list, ["down"], by((a, b) => compare(b, a))).map((thing) => thing.name)).toEqual([3, 2, 1]);
});

it("is the same list while nothing has changed", () => {
  const order = new Order<Thing>();
  const list = things(2, 3, 1);
  const rule = by(compare);
  expect(order.of(list, ["up"], rule)).toBe(order.of(list, ["up"], rule));
});
