/** How the window is laid out; remembered by the browser, since it says nothing about machines. */
import { MediaQuery } from "svelte/reactivity";

const KEY = "farwire.layout";

export type ListView = "table" | "tiles";
export type SortKey = "name" | "protocol" | "address" | "group" | "last";

interface Saved {
  view: ListView;
  sort: SortKey;
  isDescending: boolean;
  hasSidebar: boolean;
  hasInspector: boolean;
  /** The toolbar stays in sight in full screen. */
  isBarPinned: boolean;
  closedGroups: string[];
}

const FIRST: Saved = {
  view: "table",
  sort: "name",
  isDescending: false,
  hasSidebar: true,
  hasInspector: true,
  isBarPinned: false,
  closedGroups: [],
};

function read(): Saved {
  try {
    const saved: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return { ...FIRST, ...(typeof saved === "object" ? saved : {}) };
  } catch {
    return FIRST;
  }
}

/** Below this width the details lie over the list, so they come only when they are asked for. */
const NARROW = "max-width: 1100px";

class Layout {
  private saved: Saved = $state.raw(read());
  private readonly closed: ReadonlySet<string> = $derived(new Set(this.saved.closedGroups));
  private readonly narrow = new MediaQuery(NARROW);
  private isOverlayOpen = $state(false);

  get view(): ListView {
    return this.saved.view;
  }
  set view(view: ListView) {
    this.change({ view });
  }

  get hasSidebar(): boolean {
    return this.saved.hasSidebar;
  }
  set hasSidebar(hasSidebar: boolean) {
    this.change({ hasSidebar });
  }

  get hasInspector(): boolean {
    return this.narrow.current ? this.isOverlayOpen : this.saved.hasInspector;
  }
  set hasInspector(hasInspector: boolean) {
    if (this.narrow.current) this.isOverlayOpen = hasInspector;
    else this.change({ hasInspector });
  }

  /** Closes the details where they lie over the list; false if they do not. */
  closeOverlay(): boolean {
    const wasOpen = this.narrow.current && this.isOverlayOpen;
    this.isOverlayOpen = false;
    return wasOpen;
  }

  get isBarPinned(): boolean {
    return this.saved.isBarPinned;
  }
  set isBarPinned(isBarPinned: boolean) {
    this.change({ isBarPinned });
  }

  get sort(): SortKey {
    return this.saved.sort;
  }

  get isDescending(): boolean {
    return this.saved.isDescending;
  }

  /** Sorts by a column; the same one again turns the order round. */
  sortBy(sort: SortKey): void {
    const isDescending = sort === this.saved.sort ? !this.saved.isDescending : sort === "last";
    this.change({ sort, isDescending });
  }

  isOpen(group: string): boolean {
    return !this.closed.has(group);
  }

  setOpen(group: string, isOpen: boolean): void {
    const others = this.saved.closedGroups.filter((uid) => uid !== group);
    this.change({ closedGroups: isOpen ? others : [...others, group] });
  }

  private change(part: Partial<Saved>): void {
    this.saved = { ...this.saved, ...part };
    try {
      localStorage.setItem(KEY, JSON.stringify(this.saved));
    } catch {
      // A browser without storage only forgets the layout.
    }
  }
}

export const layout = new Layout();
