/** Keys of a list of machines, the same for the table and the tiles. */
import type { Connection } from "../../bindings";
import { connections } from "../../state/connections.svelte";
import { library } from "../../state/library.svelte";
import { sessions } from "../../state/sessions.svelte";

/** Letters typed within this time are one word. */
const TYPING_MS = 800;

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
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const at = list.findIndex((machine) => machine.uid === library.selectedUid);
    const move = (to: number): boolean => {
      const index = Math.min(list.length - 1, Math.max(0, to));
      const machine = list[index];
      if (!machine) return false;
      library.select(machine.uid);
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
        if (machine) sessions.open(machine.uid, event.shiftKey);
        return machine !== undefined;
      case "F2":
        if (machine) library.renamingUid = machine.uid;
        return machine !== undefined;
      case "Delete":
        if (machine) void connections.remove(machine);
        if (machine) library.select(list[at + 1]?.uid ?? list[at - 1]?.uid ?? null);
        return machine !== undefined;
      default:
        return event.key.length === 1 && event.key !== " " && this.find(event.key, list, at, move);
    }
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
