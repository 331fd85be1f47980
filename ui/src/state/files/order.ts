/** The order of a folder's entries: folders first, whichever way round. */
import { byLetters } from "../byname";
import type { FileItem } from "./source";

export type FileSort = "name" | "size" | "changed" | "permissions" | "owner";

function compare(a: FileItem, b: FileItem, sort: FileSort): number {
  switch (sort) {
    case "name":
      return 0;
    case "size":
      return a.size - b.size;
    case "changed":
      return (a.modified ?? 0) - (b.modified ?? 0);
    case "permissions":
      return a.permissions - b.permissions;
    case "owner":
      return byLetters.compare(a.owner, b.owner);
  }
}

export function ordered(items: readonly FileItem[], sort: FileSort, isDescending: boolean): FileItem[] {
  const sign = isDescending ? -1 : 1;
  return items.toSorted((a, b) => {
    const folders = Number(b.kind === "folder") - Number(a.kind === "folder");
    if (folders !== 0) return folders;
    // Paths are different for sure: names that look alike keep their places.
    return sign * (compare(a, b, sort) || byLetters.compare(a.name, b.name) || (a.path < b.path ? -1 : 1));
  });
}

export const isHidden = (item: FileItem): boolean => item.name.startsWith(".");
