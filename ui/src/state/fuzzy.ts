/** How well a typed word fits a name. Both are in lower case; a name may be a part of a longer text, which saves taking it out. */

/** What does not fit at all. */
export const NO_FIT = 100;
/** A word that is found beside the name: in an address, a tag, a note. */
export const BESIDE = 4;
/** Letters that only come one after the other, with others between them, are a little better than this. */
const SCATTERED = 5;

/** 0 the whole name, 1 its beginning, 2 the beginning of a word in it, 3 anywhere in it, then its letters one after the other. */
export function fit(name: string, word: string): number {
  const at = name.indexOf(word);
  return at < 0 ? fitScattered(name, 0, name.length, word) : fitAt(name, 0, name.length, word, at);
}

/** How well a word fits the name from `start` to `end` of a text, of which it is found at `at` first. */
export function fitAt(text: string, start: number, end: number, word: string, at: number): number {
  if (at === start) return end - start === word.length ? 0 : 1;
  for (let next = at; next >= 0 && next + word.length <= end; next = text.indexOf(word, next + 1)) {
    if (isWordStart(text, next)) return 2;
  }
  return 3;
}

/**
 * The same for a word that is not found: whether its letters come one after the other, from the beginning of a word in the name on.
 * The closer together, the better.
 */
export function fitScattered(text: string, start: number, end: number, word: string): number {
  if (word.length < 2) return NO_FIT;
  let first = -1;
  let letter = 0;
  for (let at = start; at < end; at += 1) {
    if (text.charCodeAt(at) !== word.charCodeAt(letter)) continue;
    if (letter === 0) {
      if (at > start && !isWordStart(text, at)) continue;
      first = at;
    }
    letter += 1;
    if (letter === word.length) return SCATTERED - 1 / (2 + at - first - word.length);
  }
  return NO_FIT;
}

function isWordStart(text: string, at: number): boolean {
  return !isWordLetter(text.charCodeAt(at - 1)) && isWordLetter(text.charCodeAt(at));
}

/** Letters and digits, also those beyond ASCII. */
function isWordLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || code > 127;
}

/** Which letters a text has, as bits that tell quickly that a word cannot be in it. Digits share bits, and so does all the rest. */
export function lettersOf(text: string): number {
  let bits = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code >= 97 && code <= 122) bits |= 1 << (code - 97);
    else if (code >= 48 && code <= 57) bits |= 1 << (26 + ((code - 48) >> 1));
    else bits |= 1 << 31;
  }
  return bits;
}

/** The best of a few things by their names, and how well the first fits. Those that fit as well keep their order. */
export function bestOf<T>(things: readonly T[], nameOf: (thing: T) => string, words: readonly string[], limit: number): { best: T[]; fit: number } {
  const fits = things
    .map((thing) => ({ thing, fit: words.reduce((sum, word) => sum + fit(nameOf(thing).toLowerCase(), word), 0) }))
    .filter(({ fit }) => fit < NO_FIT)
    .sort((a, b) => a.fit - b.fit);
  return { best: fits.slice(0, limit).map(({ thing }) => thing), fit: (fits[0]?.fit ?? NO_FIT) / Math.max(1, words.length) };
}
