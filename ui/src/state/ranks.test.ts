import { expect, it } from "vitest";
import { compareTexts, ranksOf, ranksOfNumbers, sortedBy } from "./ranks";

/** The order and what is alike, as the collator alone says. */
function checkOrder(texts: string[]): void {
  const ranks = ranksOf(texts);
  const sorted = sortedBy(texts, [{ ranks }]);
  expect(sorted).toEqual(texts.toSorted(compareTexts));
  const places = sortedBy(texts.map((_, index) => index), [{ ranks }]);
  sorted.slice(1).forEach((text, at) => {
    const isAlike = ranks[places[at] as number] === ranks[places[at + 1] as number];
    expect(isAlike, `${sorted[at]} and ${text}`).toBe(compareTexts(sorted[at] as string, text) === 0);
  });
}

it.each([
  ["numbers by their value", ["host-10", "host-9", "host-010", "host-09", "host-2b", "host-2", "host-", "host"]],
  ["what follows a word", ["host", "host5", "host-5", "hosta", "host 5", "host.5", "host_5", "host5a", "host5-", "5host", "5", "-5"]],
  ["case and accents", ["Łódź 2", "lodz 10", "Lodz 2", "łódź", "Ärger", "arger", "zebra", "Öl 1", "ol 2", "straße 3", "strasse 2", "ñandú", "nandu"]],
  ["addresses", ["10.0.0.9:5901", "10.0.0.10", "10.0.0.9", "9.255.0.1", "fe80::1", "[fe80::1]:5901", "10-a.example", "10.0.0.9:590", ""]],
  ["letters beyond the first plane", ["機械-2", "機械-10", "😀 2", "😀 10", "مكتب 3", "مكتب 12", "עמדה 2", "Женя 7", "Женя 11"]],
  ["digits of other scripts", ["a٣", "a2", "a10", "a٢١", "a²", "a½"]],
  ["numbers beyond what is exact", ["a9007199254740993", "a9007199254740992", "a9007199254740991", "a00000000000000000001"]],
  ["marks that stand alone", ["5\u0308", "5", "5\u0308a", "5a", "a\u00ad5", "a5", "\u0000a", "a"]],
])("ranks as a collator does: %s", (_, texts) => {
  checkOrder(texts);
  checkOrder(texts.toReversed());
});

it("ranks as a collator does, whatever the texts are", () => {
  let seed = 1;
  const next = (below: number): number => (seed = (seed * 48271) % 2147483647) % below;
  const pieces = ["a", "A", "ä", "b", "ch", "c", "h", "l", "j", "-", ".", "_", " ", ":", "/", "0", "1", "2", "07", "10", "é", "ß", "ss", "ж"];
  for (let round = 0; round < 40; round += 1) {
    checkOrder(Array.from({ length: 60 }, () => Array.from({ length: next(6) }, () => pieces[next(pieces.length)]).join("")));
  }
});

it("sorts by several rules, up and down, and leaves what is alike as it was", () => {
  const things = ["b2", "a1", "b1", "a2", "b1"].map((name) => ({ name }));
  const letters = ranksOf(things.map(({ name }) => name.slice(0, 1)));
  const numbers = ranksOfNumbers(things.map(({ name }) => Number(name.slice(1))));
  const sorted = sortedBy(things, [{ ranks: letters, isDescending: true }, { ranks: numbers }]);
  expect(sorted.map(({ name }) => name)).toEqual(["b1", "b1", "b2", "a1", "a2"]);
  expect(sorted[0]).toBe(things[2]);
  expect(sortedBy([], [{ ranks: ranksOf([]) }])).toEqual([]);
});
