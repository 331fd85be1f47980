import { expect, test } from "vitest";
import { type FileSort, ordered } from "./order";
import type { FileItem } from "./source";

const item = (name: string, fields: Partial<FileItem> = {}): FileItem => ({
  path: `path:/${name}`,
  name,
  kind: "file",
  size: 0,
  owner: "a",
  group: "a",
  permissions: 0o644,
  letters: "-rw-r--r--",
  modified: 0,
  ...fields,
});

const items = [item("b10", { size: 1 }), item("B9", { size: 3 }), item("dir", { kind: "folder" }), item("a", { size: 2, modified: 5 })];
const sorted = (sort: FileSort, isDescending = false): string => ordered(items, sort, isDescending).map(({ name }) => name).join(" ");

test("folders come first, and numbers in names count as numbers", () => {
  expect(sorted("name")).toBe("dir a B9 b10");
  expect(sorted("name", true)).toBe("dir b10 B9 a");
  expect(sorted("size")).toBe("dir b10 a B9");
  expect(sorted("changed", true)).toBe("dir a b10 B9");
});
