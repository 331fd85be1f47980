export interface Part {
  text: string;
  isHit: boolean;
}

/** Cuts a name at the words that were searched for, so that they can be marked. */
export function cut(name: string, search: string): Part[] {
  const word = search.trim().toLowerCase();
  const at = word === "" ? -1 : name.toLowerCase().indexOf(word);
  if (at < 0) return [{ text: name, isHit: false }];
  const end = at + word.length;
  return [
    { text: name.slice(0, at), isHit: false },
    { text: name.slice(at, end), isHit: true },
    { text: name.slice(end), isHit: false },
  ].filter((part) => part.text !== "");
}
