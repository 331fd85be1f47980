/**
 * Deleting files and whole folders: counted first, then one by one, until it is done or somebody stops it. Where the machine has a
 * trash folder, they are moved there instead, each as a whole, unless somebody wants them gone for good.
 */
import { type Trouble, troubleOf } from "./folder.svelte";
import type { FileItem, FileSource } from "./source";

/** Deletions and lists under way at once: a browser keeps six connections to one program. */
const AT_ONCE = 5;
/** How many reasons are shown. */
const MAX_TROUBLES = 5;

export class Removal {
  /** `offering`: they could be moved into the trash folder; `asking`: everything is counted and somebody decides. */
  phase: "offering" | "counting" | "asking" | "deleting" | "over" = $state("counting");
  files = $state(0);
  folders = $state(0);
  done = $state(0);
  failed = $state(0);
  troubles: readonly Trouble[] = $state.raw([]);
  isStopped = $state(false);
  isDiscarding = $state(false);
  private found: FileItem[] = [];
  /** Each level of folders after the one it lies in. */
  private levels: FileItem[][] = [];

  constructor(
    private readonly source: FileSource,
    readonly items: readonly FileItem[],
  ) {
    if (source.trash !== null) this.phase = "offering";
  }

  get all(): number {
    return this.isDiscarding ? this.items.length : this.files + this.folders;
  }

  /** Moves them into the trash folder. */
  async discard(): Promise<void> {
    this.isDiscarding = true;
    this.phase = "deleting";
    await this.each(this.items, async (item) => {
      try {
        await this.source.discard(item.path);
        this.done += 1;
      } catch (error) {
        this.complain(item, error);
      }
    });
    this.phase = "over";
  }

  /** Looks at everything that would be deleted. A link is deleted, never followed. */
  async count(): Promise<void> {
    this.phase = "counting";
    let level = this.note(this.items);
    while (level.length > 0 && !this.isStopped) {
      let below: FileItem[] = [];
      await this.each(level, async (folder) => {
        try {
          const { items } = await this.source.list(folder.path);
          below = below.concat(this.note(items));
        } catch (error) {
          this.complain(folder, error);
        }
      });
      level = below;
    }
    if (this.phase === "counting") this.phase = "asking";
  }

  async run(): Promise<void> {
    this.phase = "deleting";
    this.failed = 0;
    this.troubles = [];
    for (const list of [this.found, ...this.levels.toReversed()]) {
      await this.each(list, async (item) => {
        try {
          await this.source.remove(item.path, item.kind);
          this.done += 1;
        } catch (error) {
          this.complain(item, error);
        }
      });
    }
    this.phase = "over";
  }

  stop(): void {
    this.isStopped = true;
  }

  private note(items: readonly FileItem[]): FileItem[] {
    const folders = items.filter(({ kind }) => kind === "folder");
    const files = items.filter(({ kind }) => kind !== "folder");
    this.found = this.found.concat(files);
    if (folders.length > 0) this.levels.push(folders);
    this.files += files.length;
    this.folders += folders.length;
    return folders;
  }

  private async each(list: readonly FileItem[], work: (item: FileItem) => Promise<void>): Promise<void> {
    const left = list.values();
    const worker = async (): Promise<void> => {
      for (const item of left) {
        if (this.isStopped) return;
        await work(item);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  private complain(item: FileItem, error: unknown): void {
    this.failed += 1;
    if (this.troubles.length < MAX_TROUBLES) this.troubles = [...this.troubles, troubleOf(item.name, error)];
  }
}
