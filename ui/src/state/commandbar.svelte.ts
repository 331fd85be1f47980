/** The command bar: open or not, and what the typed text finds. */
import type { Connection } from "../bindings";
import { connections } from "./connections.svelte";
import { matching } from "./library.svelte";
import { parseQuick, type QuickTarget } from "./quick";
import { MACHINES, sessions } from "./sessions.svelte";

const MAX_HITS = 8;

class CommandBar {
  isOpen = $state(false);
  text = $state("");
  /** The tab that was active when it was opened. */
  openedOver: string = MACHINES;

  readonly found: Connection[] = $derived(this.isOpen ? ranked(this.text, matching(this.text, connections.all)) : []);
  readonly hits: Connection[] = $derived(this.found.slice(0, MAX_HITS));
  readonly quick: QuickTarget | null = $derived(this.text.trim() === "" ? null : parseQuick(this.text, this.found.length === 0));

  open(): void {
    this.text = "";
    this.openedOver = sessions.activeId;
    this.isOpen = true;
  }
}

/** Names that begin with the text first, then names that hold it, then the rest; the last used first among equals. */
function ranked(text: string, found: Connection[]): Connection[] {
  const wanted = text.trim().toLowerCase();
  const rank = (one: Connection): number => {
    const at = wanted === "" ? -1 : one.name.toLowerCase().indexOf(wanted);
    return at === 0 ? 0 : at > 0 ? 1 : 2;
  };
  return [...found].sort((a, b) => rank(a) - rank(b) || (b.last_connected ?? 0) - (a.last_connected ?? 0));
}

export const commandBar = new CommandBar();
