/** How the window is laid out; remembered by the browser, since it says nothing about machines. */

const KEY = "farwire.layout";

export type ListView = "table" | "tiles";
export type SortKey = "name" | "protocol" | "address" | "group" | "last";

interface Saved {
  view: ListView;
  sort: SortKey;
  isDescending: boolean;
  hasSidebar: boolean;
  hasInspector: boolean;
  closedGroups: string[];
}

const FIRST: Saved = {
  view: "table",
  sort: "name",
  isDescending: false,
  hasSidebar: true,
  hasInspector: true,
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

class Layout {
  private saved: Saved = $state.raw(read());

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
    return this.saved.hasInspector;
  }
  set hasInspector(hasInspector: boolean) {
    this.change({ hasInspector });
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
    return !this.saved.closedGroups.includes(group);
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
