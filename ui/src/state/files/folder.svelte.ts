/** One pane of files: the folder it shows, what is selected in it, and how to get elsewhere. */
import { ApiError, FileRefused } from "../../api";
import { Unreachable } from "../../host";
import { t } from "../../texts";
import { type FileSort, isHidden, ordered } from "./order";
import { childOf, isName, parentOf } from "./paths";
import type { FileItem, FileSource } from "./source";

/** What was tried and did not work, in words. */
export interface Trouble {
  title: string;
  text: string;
}

/** What a failed file operation says, and what to do about it. */
export function troubleOf(title: string, error: unknown): Trouble {
  if (error instanceof FileRefused) {
    const { advice } = t.files;
    const next = error.code === 2 || error.code === 3 ? advice[error.code] : advice.other;
    return { title, text: `${error.message}. ${next}` };
  }
  if (error instanceof ApiError || error instanceof Unreachable) return { title, text: error.message };
  throw error;
}

/** How many folders the way back remembers. */
const MAX_BEHIND = 50;

export class Folder {
  path: string | null = $state(null);
  items: readonly FileItem[] = $state.raw([]);
  isLoading = $state(false);
  trouble: Trouble | null = $state.raw(null);
  /** What was to be opened when it went wrong. */
  private failed: (() => ReturnType<FileSource["list"]>) | null = null;
  hasHidden = $state(false);
  filter = $state("");
  sort: FileSort = $state("name");
  isDescending = $state(false);
  selected: ReadonlySet<string> = $state.raw(new Set());
  /** Where the keyboard is. */
  lead: string | null = $state(null);
  renaming: string | null = $state(null);
  /** What was refused about a new name. */
  renameError: string | undefined = $state();
  private anchor: string | null = null;
  private behind: string[] = $state.raw([]);
  private tries = 0;

  private readonly visible = $derived(this.hasHidden ? this.items : this.items.filter((item) => !isHidden(item)));
  private readonly sorted = $derived(ordered(this.visible, this.sort, this.isDescending));
  readonly shown: readonly FileItem[] = $derived.by(() => {
    const wanted = this.filter.trim().toLowerCase();
    return wanted === "" ? this.sorted : this.sorted.filter(({ name }) => name.toLowerCase().includes(wanted));
  });
  readonly hiddenCount: number = $derived(this.items.length - this.visible.length);
  readonly chosen: readonly FileItem[] = $derived(this.shown.filter(({ path }) => this.selected.has(path)));
  readonly leadIndex: number = $derived(this.lead === null ? -1 : this.shown.findIndex(({ path }) => path === this.lead));

  constructor(readonly source: FileSource) {}

  get canGoBack(): boolean {
    return this.behind.length > 0;
  }

  get canGoUp(): boolean {
    return this.path !== null && parentOf(this.path) !== null;
  }

  /** Shows the folder that a link leads to; false if it leads to none, which is no trouble. */
  async follow(path: string): Promise<boolean> {
    const before = this.trouble;
    if (await this.go(path)) return true;
    this.trouble = before;
    return false;
  }

  /** Shows another folder; a path that a person typed too. False, with the reason shown, if it cannot be opened. */
  async go(path: string, isBack = false): Promise<boolean> {
    const before = this.path;
    if (!(await this.load(() => this.source.list(path)))) return false;
    this.filter = "";
    if (before !== null && before !== this.path && !isBack) this.behind = [...this.behind.slice(-MAX_BEHIND), before];
    // Going up, one sees where one was.
    const from = this.shown.find((item) => before === item.path || before?.startsWith(`${item.path}/`));
    this.select(from?.path ?? null);
    return true;
  }

  async home(): Promise<boolean> {
    return await this.load(async () => this.source.list(await this.source.home()));
  }

  async back(): Promise<void> {
    const to = this.behind.at(-1);
    if (to !== undefined && (await this.go(to, true))) this.behind = this.behind.slice(0, -1);
  }

  async up(): Promise<void> {
    const above = this.path === null ? null : parentOf(this.path);
    if (above !== null) await this.go(above);
  }

  /** Reads the folder again; what is selected stays so. */
  async reload(): Promise<void> {
    const { path } = this;
    if (path === null) await this.home();
    else await this.load(() => this.source.list(path));
  }

  /** Tries again what went wrong last. */
  async retry(): Promise<void> {
    if (this.failed !== null) await this.load(this.failed);
  }

  sortBy(sort: FileSort): void {
    this.isDescending = this.sort === sort && !this.isDescending;
    this.sort = sort;
  }

  select(path: string | null): void {
    this.selected = new Set(path === null ? [] : [path]);
    this.lead = path;
    this.anchor = path;
  }

  toggle(path: string): void {
    const next = new Set(this.selected);
    if (!next.delete(path)) next.add(path);
    this.selected = next;
    this.lead = path;
    this.anchor = path;
  }

  /** Selects everything from where the selection began to here. */
  extend(path: string): void {
    const places = [this.anchor, path].map((end) => this.shown.findIndex((item) => item.path === end));
    const [from = 0, to = 0] = places.map((place) => Math.max(0, place)).sort((a, b) => a - b);
    this.selected = new Set(this.shown.slice(from, to + 1).map((item) => item.path));
    this.lead = path;
  }

  selectAll(): void {
    this.selected = new Set(this.shown.map(({ path }) => path));
    this.lead ??= this.shown[0]?.path ?? null;
  }

  click(path: string, event: MouseEvent): void {
    if (event.shiftKey) this.extend(path);
    else if (event.ctrlKey || event.metaKey) this.toggle(path);
    else this.select(path);
  }

  /** A menu opens over an entry: it is about the selection, if that has it. */
  aim(path: string): void {
    if (!this.selected.has(path)) this.select(path);
  }

  /** Gives an entry another name; its field stays open with the reason where that is refused. */
  async rename(item: FileItem, name: string | null): Promise<void> {
    const { path } = this;
    if (path === null || name === null || name === item.name) {
      this.stopRenaming();
      return;
    }
    const to = childOf(path, name);
    this.renameError = isName(name) ? await this.refusal(this.source.rename(item.path, to)) : t.files.badName;
    if (this.renameError !== undefined) return;
    this.stopRenaming();
    await this.reload();
    this.select(to);
  }

  stopRenaming(): void {
    this.renaming = null;
    this.renameError = undefined;
  }

  /** Makes a folder; answers why not, if not. */
  async makeFolder(name: string): Promise<string | null> {
    if (this.path === null || !isName(name)) return t.files.badName;
    const path = childOf(this.path, name);
    const refused = await this.refusal(this.source.makeFolder(path));
    if (refused !== undefined) return refused;
    await this.reload();
    this.select(path);
    return null;
  }

  private async refusal(work: Promise<void>): Promise<string | undefined> {
    try {
      await work;
      return undefined;
    } catch (error) {
      return troubleOf("", error).text;
    }
  }

  private async load(list: () => ReturnType<FileSource["list"]>): Promise<boolean> {
    this.tries += 1;
    const own = this.tries;
    this.isLoading = true;
    try {
      const { path, items } = await list();
      if (own !== this.tries) return false;
      this.path = path;
      this.items = items;
      this.trouble = null;
      const there = new Set(items.map((item) => item.path));
      this.selected = new Set([...this.selected].filter((one) => there.has(one)));
      if (this.lead !== null && !there.has(this.lead)) this.lead = null;
      return true;
    } catch (error) {
      if (own === this.tries) {
        this.trouble = troubleOf(t.files.failed, error);
        this.failed = list;
      }
      return false;
    } finally {
      if (own === this.tries) this.isLoading = false;
    }
  }
}
