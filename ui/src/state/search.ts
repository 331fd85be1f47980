/**
 * Looks machines up by what is typed, among 100,000 within a frame.
 *
 * What is searched of a list lies in one long string. Looking through it touches memory from one end to the other; a string for
 * each machine would be somewhere else each time, which takes several times as long. And what a word was found in is kept, so that
 * the next letter of it is looked for there alone.
 */
import type { Connection } from "../bindings";
import { addressOf } from "./address";
import { BESIDE, fitAt, fitScattered, lettersOf, NO_FIT } from "./fuzzy";

/** The words of a typed text. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().split(/\s+/).filter(Boolean);
}

/** Machines in which every word of the text occurs somewhere; the list itself where that is all of them. */
export function matching(text: string, list: Connection[]): Connection[] {
  const words = wordsOf(text);
  if (words.length === 0) return list;
  const indexes = corpusOf(list).indexesOf(words);
  if (indexes.length === list.length) return list;
  const found: Connection[] = [];
  for (const index of indexes) found.push(list[index] as Connection);
  return found;
}

export interface Found {
  /** The best, the best first. */
  best: Connection[];
  /** How many there are in all. */
  count: number;
  /** How well the words of the first one fit, see {@link fit}. */
  fit: number;
}

/**
 * The best `limit` machines for a text. Every word is to occur in the name or beside it, or its letters one after the other in the
 * name. Better fits come first, among equals the machine that was used last, then the one that comes first in the list.
 */
export function search(text: string, list: readonly Connection[], limit: number): Found {
  const words = wordsOf(text);
  const corpus = corpusOf(list);
  const fits = corpus.fits(words);
  const best: { fit: number; used: number; index: number }[] = [];
  let count = 0;
  for (let index = 0; index < list.length; index += 1) {
    const fit = fits[index] as number;
    if (fit >= NO_FIT) continue;
    count += 1;
    const last = best[limit - 1];
    if (last && fit > last.fit) continue;
    const used = corpus.used[index] as number;
    if (last && fit === last.fit && used <= last.used) continue;
    const place = best.findIndex((other) => fit < other.fit || (fit === other.fit && used > other.used));
    best.splice(place < 0 ? best.length : place, 0, { fit, used, index });
    best.length = Math.min(best.length, limit);
  }
  const first = best[0]?.fit ?? NO_FIT;
  return { best: best.map(({ index }) => list[index] as Connection), count, fit: first / Math.max(1, words.length) };
}

/** What is searched of a machine, in lower case. A changed machine is a new object, so nothing here gets old. */
interface Text {
  /** The name, then the address, the protocol, notes and tags. */
  whole: string;
  nameLength: number;
  /** Letters of the name. */
  letters: number;
}

const texts = new WeakMap<Connection, Text>();

function textOf(one: Connection): Text {
  let text = texts.get(one);
  if (text === undefined) {
    const name = one.name.toLowerCase();
    const whole = [name, addressOf(one), one.protocol, one.notes, ...one.tags].join("\t").toLowerCase();
    text = { whole: whole.replaceAll(END, " "), nameLength: name.length, letters: lettersOf(name) };
    texts.set(one, text);
  }
  return text;
}

/** Ends each machine's part of the long string. Words have no white space in them, so that none reaches over it. */
const END = "\n";

/** The place of a word that is not there. */
const MISSING = -1;

class Corpus {
  /** When each machine was used last. */
  readonly used: Float64Array;
  private readonly text: string;
  /** Where each machine's part begins; the last number is where one more would. */
  private readonly starts: Int32Array;
  private readonly nameEnds: Int32Array;
  private readonly letters: Int32Array;
  private readonly size: number;
  /** Where the words of the text before were found, and how well they fit: of several words, only one is being typed. */
  private knownHits = new Map<string, Int32Array>();
  private knownFits = new Map<string, Float32Array>();

  constructor(list: readonly Connection[]) {
    const all = list.map(textOf);
    this.size = all.length;
    this.text = all.map(({ whole }) => whole + END).join("");
    this.starts = new Int32Array(all.length + 1);
    this.nameEnds = new Int32Array(all.length);
    all.forEach(({ whole, nameLength }, index) => {
      const start = this.starts[index] as number;
      this.nameEnds[index] = start + nameLength;
      this.starts[index + 1] = start + whole.length + END.length;
    });
    this.used = Float64Array.from(list, (one) => one.last_connected ?? 0);
    this.letters = Int32Array.from(all, ({ letters }) => letters);
  }

  /** For each word its first place in every machine, or {@link MISSING}. */
  hits(words: readonly string[]): Int32Array[] {
    this.knownHits = new Map(words.map((word) => [word, this.knownHits.get(word) ?? this.hitsOf(word)]));
    return [...this.knownHits.values()];
  }

  /** The machines in which every word occurs. */
  indexesOf(words: readonly string[]): Int32Array {
    const indexes = new Int32Array(this.size);
    let count = 0;
    const [first, ...others] = this.hits(words);
    for (let index = 0; first && index < first.length; index += 1) {
      if (first[index] !== MISSING) indexes[count++] = index;
    }
    for (const hits of others) {
      const before = count;
      count = 0;
      for (let at = 0; at < before; at += 1) {
        const index = indexes[at] as number;
        if (hits[index] !== MISSING) indexes[count++] = index;
      }
    }
    return indexes.subarray(0, count);
  }

  /** How well each machine fits the words, added up: {@link NO_FIT} or more where one does not fit. */
  fits(words: readonly string[]): Float32Array {
    this.hits(words);
    this.knownFits = new Map(words.map((word) => [word, this.knownFits.get(word) ?? this.fitsOf(word)]));
    const sums = new Float32Array(this.size);
    for (const fits of this.knownFits.values()) {
      for (let index = 0; index < sums.length; index += 1) sums[index] = (sums[index] as number) + (fits[index] as number);
    }
    return sums;
  }

  private fitsOf(word: string): Float32Array {
    const hits = this.knownHits.get(word) ?? this.hitsOf(word);
    const needed = lettersOf(word);
    const fits = new Float32Array(this.size).fill(NO_FIT);
    for (let index = 0; index < this.size; index += 1) {
      const at = hits[index] as number;
      const start = this.starts[index] as number;
      const nameEnd = this.nameEnds[index] as number;
      if (at !== MISSING && at < nameEnd) fits[index] = fitAt(this.text, start, nameEnd, word, at);
      else if (at !== MISSING) fits[index] = BESIDE;
      else if (((this.letters[index] as number) & needed) === needed) fits[index] = fitScattered(this.text, start, nameEnd, word);
    }
    return fits;
  }

  /** Looks where the longest known beginning of the word was found, or everywhere. */
  private hitsOf(word: string): Int32Array {
    let beginning = "";
    for (const known of this.knownHits.keys()) if (word.startsWith(known) && known.length > beginning.length) beginning = known;
    const before = this.knownHits.get(beginning);
    const hits = new Int32Array(this.size).fill(MISSING);
    if (before) this.narrow(before, beginning, word, hits);
    else this.find(word, hits);
    return hits;
  }

  private find(word: string, hits: Int32Array): void {
    let index = 0;
    for (let at = this.text.indexOf(word); at >= 0; at = this.text.indexOf(word, this.starts[index + 1])) {
      while ((this.starts[index + 1] as number) <= at) index += 1;
      hits[index] = at;
    }
  }

  private narrow(before: Int32Array, beginning: string, word: string, hits: Int32Array): void {
    const letter = word.charCodeAt(beginning.length);
    // The first place of the word behind where it was looked for last.
    let next = 0;
    for (let index = 0; index < before.length; index += 1) {
      const at = before[index] as number;
      if (at === MISSING) continue;
      // Most often it just goes on there. Asking for one letter costs a fraction of asking for a word.
      if (this.text.charCodeAt(at + beginning.length) === letter && this.text.startsWith(word, at)) hits[index] = at;
      else {
        if (next <= at) next = this.text.indexOf(word, at + 1);
        if (next < 0) next = this.text.length;
        if (next < (this.starts[index + 1] as number)) hits[index] = next;
      }
    }
  }
}

const corpora = new WeakMap<readonly Connection[], Corpus>();

function corpusOf(list: readonly Connection[]): Corpus {
  let corpus = corpora.get(list);
  if (corpus === undefined) {
    corpus = new Corpus(list);
    corpora.set(list, corpus);
  }
  return corpus;
}

/** How many texts are made at a time while nobody waits. */
const PREPARED_AT_ONCE = 2000;

/** Makes what a list is searched by, a little at a time, so that the first letter that is typed finds it. Returns how to stop. */
export function prepare(list: readonly Connection[]): () => void {
  let next = corpora.has(list) ? list.length : 0;
  let timer = setTimeout(work);
  function work(): void {
    const end = Math.min(list.length, next + PREPARED_AT_ONCE);
    for (; next < end; next += 1) textOf(list[next] as Connection);
    if (next < list.length) timer = setTimeout(work);
    else corpusOf(list);
  }
  return () => clearTimeout(timer);
}
