/** Fingerprints for eyes: groups of four, so that they can be compared without losing the place. */

const PREFIX = /^SHA256:/;

/** The fingerprint without its prefix, in groups of four characters. */
export function groupsOf(fingerprint: string): string[] {
  return fingerprint.replace(PREFIX, "").match(/.{1,4}/g) ?? [];
}

/** The beginning and the end, for lists. */
export function shortFingerprint(fingerprint: string): string {
  const groups = groupsOf(fingerprint);
  return groups.length <= 5 ? groups.join(" ") : `${groups.slice(0, 3).join(" ")} … ${groups.at(-1)}`;
}
