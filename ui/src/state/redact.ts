/** Takes out of a text what tells which machine it is about, and who signs in there. */

/** What is known of a machine and must not be told, by what stands in its place. */
export type Known = readonly (readonly [mark: string, text: string | null | undefined])[];

/** What gives itself away by its form, in this order. */
const FORMS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:SHA256:[\w+/=-]{8,}|(?:[0-9a-f]{2}:){15,}[0-9a-f]{2})/gi, "<fingerprint>"],
  [/\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b/gi, "<mac>"],
  [/(["“‘`«])[^"”’`»]*(["”’`»])/g, "$1<text>$2"],
  // Addresses of the web, and of anything else that has one.
  [/\b[a-z][a-z0-9+.-]*:\/\/[^\s,;)]+/gi, "<address>"],
  [/(?<![\w./\\])(?:~|[a-z]:)?[/\\][^\s:,;)]*[/\\][^\s:,;)]*/gi, "<path>"],
  [/(?<![\w@.])[\w.$\\-]+@(?=[\w[<])/g, "<user>@"],
  [/(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\w\.\w)/g, "<host>"],
  [/\[[0-9a-f]*:[0-9a-f:.]*(?:%\w+)?\]/gi, "<host>"],
  // A time has two colons as well, but no double one, no letter and no fourth.
  [/(?<![\w:.])(?=[0-9a-f:]*(?:::|[a-f]|(?:\d*:){4}))(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?:%\w+)?(?![\w:])/gi, "<host>"],
  [/(?<![\w.<])(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z][a-z0-9-]*[a-z](?![\w])/gi, "<host>"],
];

/**
 * The text with marks such as `<host>` in the place of what is known, whole words in any case, and of what looks like an address, a
 * user, a path, a fingerprint, or somebody else's words in quotes.
 */
export function redact(text: string, known: Known): string {
  const longestFirst = known
    .flatMap(([mark, word]) => (word !== null && word !== undefined && word.trim() !== "" ? [[mark, word.trim()] as const] : []))
    .sort(([, a], [, b]) => b.length - a.length);
  let told = text;
  for (const [mark, word] of longestFirst) {
    const quoted = word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    told = told.replace(new RegExp(`(?<![\\p{L}\\p{N}<])${quoted}(?![\\p{L}\\p{N}>])`, "giu"), `<${mark}>`);
  }
  for (const [form, mark] of FORMS) told = told.replace(form, mark);
  return told;
}
