/** Keys of a list of files. */
import type { Folder } from "../../state/files/folder.svelte";
import type { FileItem } from "../../state/files/source";

/** Letters typed within this time are one word. */
const TYPING_MS = 800;

/** What keys ask for beyond moving about. */
export interface FileActions {
  open: (item: FileItem) => void;
  remove: () => void;
  find: () => void;
}

export class FileKeys {
  private typed = "";
  private typedAt = 0;

  constructor(
    private readonly folder: Folder,
    private readonly actions: FileActions,
  ) {}

  /** Handles a key; true if it was for the list. `page` is how many rows are in sight. */
  handle(event: KeyboardEvent, page: number, show: (index: number) => void): boolean {
    const { folder, actions } = this;
    if (event.altKey) return !event.ctrlKey && this.beside(event.key);
    if (event.ctrlKey || event.metaKey) return this.command(event);
    const list = folder.shown;
    const at = folder.leadIndex;
    const move = (to: number): boolean => {
      const index = Math.min(list.length - 1, Math.max(0, to));
      const item = list[index];
      if (!item) return true;
      if (event.shiftKey) folder.extend(item.path);
      else folder.select(item.path);
      show(index);
      return true;
    };
    const item = list[at];
    switch (event.key) {
      case "ArrowDown":
        return move(at + 1);
      case "ArrowUp":
        return move(at - 1);
      case "PageDown":
        return move(at + page);
      case "PageUp":
        return move(at - page);
      case "Home":
        return move(0);
      case "End":
        return move(list.length - 1);
      case "Enter":
        if (item) actions.open(item);
        return true;
      case "Backspace":
        void folder.up();
        return true;
      case "F2":
        if (item) folder.renaming = item.path;
        return true;
      case "F5":
        void folder.reload();
        return true;
      case "Delete":
        if (folder.chosen.length > 0) actions.remove();
        return true;
      case "Escape":
        folder.select(folder.lead);
        return false;
      default:
        return event.key.length === 1 && event.key !== " " && this.seek(event.key, at, move);
    }
  }

  /** Keys with Alt: where one was, and where this lies. */
  private beside(key: string): boolean {
    if (key === "ArrowUp") void this.folder.up();
    else if (key === "ArrowLeft") void this.folder.back();
    else return false;
    return true;
  }

  private command(event: KeyboardEvent): boolean {
    const { folder } = this;
    if (event.shiftKey) return false;
    if (event.key === "a") folder.selectAll();
    else if (event.key === "f") this.actions.find();
    else if (event.key === " " && folder.lead !== null) folder.toggle(folder.lead);
    else return false;
    return true;
  }

  private seek(letter: string, at: number, move: (to: number) => boolean): boolean {
    const now = performance.now();
    this.typed = now - this.typedAt < TYPING_MS ? this.typed + letter.toLowerCase() : letter.toLowerCase();
    this.typedAt = now;
    const list = this.folder.shown;
    const from = this.typed.length === 1 ? at + 1 : Math.max(0, at);
    for (let step = 0; step < list.length; step += 1) {
      const index = (from + step) % list.length;
      if (list[index]?.name.toLowerCase().startsWith(this.typed)) return move(index);
    }
    return true;
  }
}
