import { expect, test } from "vitest";
import { countTags, mostUsed } from "./tags";

const list = [{ tags: ["b", "a"] }, { tags: ["b", "c"] }, { tags: ["c", "b"] }, { tags: ["d10"] }, { tags: ["d9"] }];

test("tags are counted", () => {
  expect([...countTags(list)].sort()).toEqual([["a", 1], ["b", 3], ["c", 2], ["d10", 1], ["d9", 1]]);
});

test("the most used are shown by name, and what is looked at is always among them", () => {
  const counts = countTags(list);
  expect(mostUsed(counts, 10)).toEqual(["a", "b", "c", "d9", "d10"]);
  expect(mostUsed(counts, 3)).toEqual(["a", "b", "c"]);
  expect(mostUsed(counts, 3, ["d10", "gone"])).toEqual(["b", "c", "d10"]);
});
