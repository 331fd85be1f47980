import { expect, test } from "vitest";
import { childOf, displayed, isName, numbered, parentOf, partsOf, ROOT } from "./paths";

test("what is below and above a folder can be named", () => {
  expect(childOf("path:/a", "b c")).toBe("path:/a/b%20c");
  expect(childOf(ROOT, "ä")).toBe("path:/%C3%A4");
  expect(parentOf("path:/a/%FFx")).toBe("path:/a");
  expect(parentOf("path:/a")).toBe(ROOT);
  expect(parentOf(ROOT)).toBeNull();
});

test("bytes that are no text keep their path and are shown as such", () => {
  expect(partsOf("path:/a/x%FFy")).toEqual([
    { name: "a", path: "path:/a" },
    { name: "x\uFFFDy", path: "path:/a/x%FFy" },
  ]);
  expect(displayed("path:/%C3%A4%25")).toBe("/ä%");
});

test("names of entries", () => {
  expect(["a", "..a", " "].every(isName)).toBe(true);
  expect(["", ".", "..", "a/b", "a\0"].some(isName)).toBe(false);
  expect([numbered("a.txt", 2), numbered(".profile", 2), numbered("a", 3)]).toEqual(["a (2).txt", ".profile (2)", "a (3)"]);
});
