/** Keys of a list of machines, the same for the table and the tiles. */
import type { Connection } from "../../bindings";
import { connections } from "../../state/connections.svelte";
import { library } from "../../state/library.svelte";
import { many } from "../../state/many.svelte";
import { sessions } from "../../state/sessions.svelte";

/** Letters typed within this time are one word. */
const TYPING_MS = 800;

/** More sessions than these are not opened by one key: nobody wants two hundred by mistake. */
export const MAX_OPENED = 12;

/** The machine that is selected once the selected ones are gone. */
function nextTo(list: Connection[], at: number): string | null {
  const stays = (machine: Connection): boolean => !library.isSelected(machine.uid);
  const after = list.slice(at + 1).find(stays);
  return (after ?? list.slice(0, at).findLast(stays))?.uid ?? null;
}

export interface ListShape {
  /** Machines in a row: 1 in a table. */
  columns: number;
  /** Rows that fit the view. */
  page: number;
  show: (index: number) => void;
}

export class ListKeys {
  private typed = "";
  private typedAt = 0;

  /** Handles a key; true if it was for the list. */
  handle(event: KeyboardEvent, list: Connection[], { columns, page, show }: ListShape): boolean {
    if (event.altKey) return false;
    if (event.ctrlKey || event.metaKey) return this.command(event);
    const at = list.findIndex((machine) => machine.uid === library.selectedUid);
    const move = (to: number): boolean => {
      const index = Math.min(list.length - 1, Math.max(0, to));
      const machine = list[index];
      if (!machine) return false;
      if (event.shiftKey) library.extend(machine.uid);
      else library.select(machine.uid);
      show(index);
      return true;
    };
    const machine = list[at];
    switch (event.key) {
      case "ArrowDown":
        return move(at < 0 ? 0 : at + columns);
      case "ArrowUp":
        return move(at - columns);
      case "ArrowRight":
        return columns > 1 && move(at + 1);
      case "ArrowLeft":
        return columns > 1 && move(at - 1);
      case "PageDown":
        return move(at + columns * page);
      case "PageUp":
        return move(at - columns * page);
      case "Home":
        return move(0);
      case "End":
        return move(list.length - 1);
      case "Enter":
        for (const each of library.chosen.slice(0, MAX_OPENED)) sessions.open(each.uid, event.shiftKey);
        return machine !== undefined;
      case "F2":
        if (machine) library.renamingUid = machine.uid;
        return machine !== undefined;
      case "Delete":
        if (library.chosen.length > 1) void many.remove(library.chosen);
        else if (machine) void connections.remove(machine);
        if (machine) library.select(nextTo(list, at));
        return machine !== undefined;
      default:
        return event.key.length === 1 && event.key !== " " && this.find(event.key, list, at, move);
    }
  }

  /** Keys with Ctrl, or Command. */
  private command(event: KeyboardEvent): boolean {
    if (event.key === "a") library.selectAll();
    else if (event.key === " " && library.selectedUid !== null) library.toggle(library.selectedUid);
    else return false;
    return true;
  }

  private find(letter: string, list: Connection[], at: number, move: (to: number) => boolean): boolean {
    const now = performance.now();
    this.typed = now - this.typedAt < TYPING_MS ? this.typed + letter.toLowerCase() : letter.toLowerCase();
    this.typedAt = now;
    const from = this.typed.length === 1 ? at + 1 : Math.max(0, at);
    for (let step = 0; step < list.length; step += 1) {
      const index = (from + step) % list.length;
      if (list[index]?.name.toLowerCase().startsWith(this.typed)) return move(index);
    }
    return true;
  }
}
