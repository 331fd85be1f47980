import { expect, it } from "vitest";
import { bestOf, NO_FIT } from "./fuzzy";

const names = ["Keys and certificates", "Show as table", "Show as tiles", "HTTP API", "Settings"];
const best = (...words: string[]): string[] => bestOf(names, (name) => name, words, 3).best;

it.each<[string[], string[]]>([
  [[], ["Keys and certificates", "Show as table", "Show as tiles"]],
  [["show"], ["Show as table", "Show as tiles"]],
  [["tiles"], ["Show as tiles"]],
  [["keys", "and"], ["Keys and certificates"]],
  [["hapi"], ["HTTP API"]],
  [["set"], ["Settings"]],
  [["show", "api"], []],
])("the words %j name %j", (words, expected) => {
  expect(best(...words)).toEqual(expected);
});

it("keeps the order of those that fit as well, which is how what was used last comes first", () => {
  expect(bestOf(["tiles b", "tiles a"], (name) => name, ["tiles"], 2).best).toEqual(["tiles b", "tiles a"]);
});

it("tells how well the first one fits, whatever the number of words", () => {
  expect(bestOf(names, (name) => name, ["settings"], 1).fit).toBe(0);
  expect(bestOf(names, (name) => name, ["show", "as"], 1).fit).toBe(1.5);
  expect(bestOf(names, (name) => name, ["nothing"], 1).fit).toBe(NO_FIT);
});
