/** The command bar: open or not, and what the typed text finds. */
import type { Group, ImportView } from "../bindings";
import { connections } from "./connections.svelte";
import { bestOf, NO_FIT } from "./fuzzy";
import { groups } from "./groups.svelte";
import { library } from "./library.svelte";
import { offered, quickAddress, type QuickTarget } from "./quick";
import { type Found, prepare, search, wordsOf } from "./search";
import { MACHINES, sessions } from "./sessions.svelte";

const MAX_MACHINES = 8;
const MAX_GROUPS = 3;
const MAX_TAGS = 2;
const NOTHING: Found = { best: [], count: 0, fit: NO_FIT };
const NO_NAMES = { best: [], fit: NO_FIT };
/** Lists that are changed again within this time are not made ready for a search. */
const REST_MS = 500;
/** Actions used last, by their names in the program. They say nothing about machines. */
const USED_KEY = "farwire.actions";
const MAX_USED = 8;
/** Files that wait to be looked at, each after the one before; more than a person opens at once. */
export const MAX_WAITING = 16;

class CommandBar {
  isOpen = $state(false);
  text = $state("");
  /** A file that fills it; null once something else is typed. */
  file: ImportView | null = $state.raw(null);
  /** Files that are looked at after this one. */
  waiting: readonly ImportView[] = $state.raw([]);
  /** The tab that was active when it was opened. */
  openedOver: string = MACHINES;
  /** Actions used last, the last one first. */
  used: readonly string[] = $state.raw(readUsed());

  readonly words: string[] = $derived(wordsOf(this.text));
  readonly machines: Found = $derived(this.isOpen ? search(this.text, library.all, MAX_MACHINES) : NOTHING);
  /** Groups and tags, to go to. They are not listed while nothing is typed. */
  readonly groups: { best: Group[]; fit: number } = $derived(
    this.isOpen && this.words.length > 0 ? bestOf(groups.all, (group) => group.name, this.words, MAX_GROUPS) : NO_NAMES,
  );
  readonly tags: { best: string[]; fit: number } = $derived(
    this.isOpen && this.words.length > 0 ? bestOf(connections.tags, (tag) => tag, this.words, MAX_TAGS) : NO_NAMES,
  );
  private readonly address = $derived(this.words.length === 0 ? null : offered(this.text, connections.all));
  /** What Ctrl+Enter connects to. */
  readonly quick: QuickTarget | null = $derived(this.address?.target ?? null);
  /** Whether the address may as well be a part of a name, and something has such a name. */
  readonly isQuickLast: boolean = $derived(this.address?.isSure === false && this.machines.count > 0);

  open(): void {
    this.text = "";
    this.file = null;
    this.openedOver = sessions.activeId;
    this.isOpen = true;
  }

  /** Opens it with the address that a file names, once the files before it were looked at; false when too many wait. */
  openFile(file: ImportView): boolean {
    if (this.isOpen && (this.file !== null || this.waiting.length > 0)) {
      if (this.waiting.length >= MAX_WAITING) return false;
      this.waiting = [...this.waiting, file];
      return true;
    }
    this.open();
    this.show(file);
    return true;
  }

  /** What it was open for is done: the next file, if one waits, else it closes. */
  close(): void {
    const [next, ...rest] = this.waiting;
    this.waiting = rest;
    if (next) this.show(next);
    else this.isOpen = false;
  }

  private show(file: ImportView): void {
    this.file = file;
    this.text = quickAddress(file);
  }

  /** An action was used: next time it comes before others that fit as well. */
  use(id: string): void {
    this.used = [id, ...this.used.filter((other) => other !== id)].slice(0, MAX_USED);
    try {
      localStorage.setItem(USED_KEY, JSON.stringify(this.used));
    } catch {
      // A browser without storage only forgets the order.
    }
  }

  /** Makes the machines ready for the first letter whenever they have changed, while nobody waits for it. */
  watch(): void {
    $effect(() => {
      const list = library.all;
      let stop: (() => void) | null = null;
      const timer = setTimeout(() => (stop = prepare(list)), this.isOpen ? 0 : REST_MS);
      return () => {
        clearTimeout(timer);
        stop?.();
      };
    });
  }
}

function readUsed(): string[] {
  try {
    const saved: unknown = JSON.parse(localStorage.getItem(USED_KEY) ?? "[]");
    return Array.isArray(saved) ? saved.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}

export const commandBar = new CommandBar();
