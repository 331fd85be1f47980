import { expect, it } from "vitest";
import { groupsOf, shortFingerprint } from "./fingerprint";

it("cuts a fingerprint into groups of four and loses nothing", () => {
  const groups = groupsOf("SHA256:9fQ2t7LkVr0aYc83HnWeJx51oPzTqBd6MuGsK4iE0Xw");
  expect(groups.slice(0, 2)).toEqual(["9fQ2", "t7Lk"]);
  expect(groups.at(-1)).toBe("0Xw");
  expect(groups.join("")).toHaveLength(43);
});

it.each([
  ["SHA256:9fQ2t7LkVr0aYc83HnWeJx51oPzTqBd6MuGsK4iE0Xw", "9fQ2 t7Lk Vr0a … 0Xw"],
  ["SHA256:abcd", "abcd"],
  ["", ""],
])("shortens %j", (fingerprint, expected) => {
  expect(shortFingerprint(fingerprint)).toBe(expected);
});
