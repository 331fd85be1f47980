/** Tags by how many machines have them: there may be thousands, of which most people use a few. */

import { byName } from "./byname";

/** How many things have each tag. */
export function countTags(list: readonly { tags: readonly string[] }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { tags } of list) for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return counts;
}

/** The tags that most have, at most `limit`, by name; among these the ones in `kept`, whoever has them. */
export function mostUsed(counts: ReadonlyMap<string, number>, limit: number, kept: readonly string[] = []): string[] {
  const wanted = kept.filter((tag) => counts.has(tag));
  const others = [...counts.keys()].filter((tag) => !wanted.includes(tag));
  if (wanted.length + others.length > limit) others.sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0) || byName.compare(a, b));
  return [...wanted, ...others.slice(0, Math.max(0, limit - wanted.length))].sort(byName.compare);
}
