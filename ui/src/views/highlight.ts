export interface Part {
  text: string;
  isHit: boolean;
}

/** Cuts a name at the words that were searched for, in lower case, so that they can be marked. */
export function cut(name: string, words: readonly string[]): Part[] {
  const lower = name.toLowerCase();
  const isHit = new Array<boolean>(name.length).fill(false);
  // A letter whose lower case is longer would move all marks behind it.
  if (lower.length === name.length) for (const word of words) mark(isHit, lower, word);
  const parts: Part[] = [];
  let from = 0;
  for (let at = 1; at <= name.length; at += 1) {
    if (at < name.length && isHit[at] === isHit[from]) continue;
    parts.push({ text: name.slice(from, at), isHit: isHit[from] ?? false });
    from = at;
  }
  return parts;
}

/** Marks a word where it is, else its letters one after the other. */
function mark(isHit: boolean[], name: string, word: string): void {
  const whole = name.indexOf(word);
  if (whole >= 0) {
    isHit.fill(true, whole, whole + word.length);
    return;
  }
  const places: number[] = [];
  for (let at = 0; at < name.length && places.length < word.length; at += 1) if (name[at] === word[places.length]) places.push(at);
  if (places.length === word.length) for (const place of places) isHit[place] = true;
}
