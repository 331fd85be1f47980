/** Uploads and downloads that this page carries itself: in a browser, nobody else can reach the person's own files. */
import { api, FileRefused } from "../../api";
import { type FileLoads, host, refusal, Unreachable } from "../../host";
import { t } from "../../texts";
import { troubleOf } from "./folder.svelte";
import { childOf, numbered } from "./paths";
import type { RowState, Rule, TransferRow } from "./row";
import type { FileItem, Listing, MachineFiles } from "./source";

/** The browser keeps six connections to one program, and others want some. */
const AT_ONCE = 3;
/** Other names that are tried. */
const MAX_NAMES = 1000;
/** How long what a download made stays for the browser to save. */
const KEPT_MS = 60_000;

let lastId = 0;

interface Machine {
  files: MachineFiles;
  name: string;
}

/** A file that a person chose or dropped, and the folder it goes to. */
export interface NewFile {
  file: File;
  folder: string;
}

abstract class Load {
  readonly id = `load-${++lastId}`;
  readonly created = Date.now();
  state: RowState = $state("waiting");
  bytes = $state(0);
  bytesDone = $state(0);
  rate = $state(0);
  problem: string | null = $state(null);
  protected abort = new AbortController();
  private begunAt = 0;

  constructor(
    protected readonly machine: Machine,
    protected readonly loads: FileLoads,
    readonly name: string,
  ) {}

  protected abstract move(): Promise<RowState>;
  abstract readonly row: TransferRow;

  async run(): Promise<void> {
    this.state = "running";
    this.problem = null;
    this.bytesDone = 0;
    this.begunAt = performance.now();
    this.abort = new AbortController();
    try {
      this.state = await this.move();
    } catch (error) {
      if (this.abort.signal.aborted) this.state = "cancelled";
      else this.fail(error);
    }
    this.rate = 0;
  }

  cancel(): void {
    this.abort.abort();
    if (this.state !== "running") this.state = "cancelled";
    loads.next();
  }

  protected told(bytes: number): void {
    this.bytesDone = Math.min(bytes, this.bytes);
    const seconds = (performance.now() - this.begunAt) / 1000;
    if (seconds > 0.5) this.rate = Math.round(bytes / seconds);
  }

  private fail(error: unknown): void {
    this.state = "failed";
    this.problem = error instanceof Unreachable ? t.files.queue.lost : troubleOf("", error).text;
  }

  protected again(): void {
    this.state = "waiting";
    loads.next();
  }

  protected base(): Omit<TransferRow, "where" | "direction" | "answer"> {
    const { state, rate } = this;
    const left = this.bytes - this.bytesDone;
    const isOver = state === "done" || state === "cancelled";
    return {
      id: this.id,
      name: this.name,
      state,
      bytes: this.bytes,
      bytesDone: this.bytesDone,
      rate,
      etaSecs: rate > 0 ? Math.ceil(left / rate) : null,
      files: 1,
      filesDone: Number(state === "done"),
      leftOut: 0,
      asked: Number(state === "asking"),
      problem: this.problem,
      created: this.created,
      pause: null,
      resume: null,
      retry: state === "failed" ? () => this.again() : null,
      cancel: isOver ? null : () => this.cancel(),
      forget: isOver ? () => loads.forget(this) : null,
    };
  }
}

class Upload extends Load {
  private rule: Rule | null = null;
  readonly row: TransferRow = $derived({
    ...this.base(),
    where: t.files.queue.to(this.machine.name),
    direction: "up" as const,
    answer: this.state === "asking" ? (rule: Rule) => this.answer(rule) : null,
  });

  constructor(
    machine: Machine,
    loads: FileLoads,
    private readonly file: File,
    private readonly folder: string,
    /** What was in the folder when all of these were begun. */
    private readonly first: (folder: string) => Promise<Listing>,
    private readonly done: (folder: string) => void,
  ) {
    super(machine, loads, file.name);
    this.bytes = file.size;
  }

  private answer(rule: Rule): void {
    this.rule = rule;
    this.again();
  }

  protected async move(): Promise<RowState> {
    const { files } = this.machine;
    const target = await this.target();
    if (typeof target !== "string") return target.state;
    const { upload_id: id } = await api.fileCommand(files.channel, { cmd: "PUT", new_path: target });
    const path = api.uploadPath(files.channel, id ?? "");
    const answer = await this.loads.upload(path, this.file, (bytes) => this.told(bytes), this.abort.signal);
    if (answer.status !== 200) throw new FileRefused(4, refusal(path, answer));
    this.bytesDone = this.bytes;
    this.done(this.folder);
    return "done";
  }

  /** Where it goes; where something is there already, what is done about that. */
  private async target(): Promise<string | { state: RowState }> {
    const { items } = await (this.rule === null ? this.first(this.folder) : this.machine.files.list(this.folder));
    const there = items.find(({ name }) => name === this.name);
    const wanted = childOf(this.folder, this.name);
    if (!there) return wanted;
    switch (this.rule) {
      case null:
        return { state: "asking" };
      case "skip":
        return { state: "done" };
      case "overwrite":
        return wanted;
      case "newer":
        return this.file.lastModified > (there.modified ?? 0) ? wanted : { state: "done" };
      case "rename": {
        const taken = new Set(items.map(({ name }) => name));
        for (let number = 2; number < MAX_NAMES; number += 1) {
          const other = numbered(this.name, number);
          if (!taken.has(other)) return childOf(this.folder, other);
        }
        return { state: "asking" };
      }
    }
  }
}

class Download extends Load {
  readonly row: TransferRow = $derived({
    ...this.base(),
    where: t.files.queue.from(this.machine.name),
    direction: "down" as const,
    answer: null,
  });

  constructor(
    machine: Machine,
    loads: FileLoads,
    private readonly item: FileItem,
  ) {
    super(machine, loads, item.name);
    this.bytes = item.size;
  }

  protected async move(): Promise<RowState> {
    const { files } = this.machine;
    const { download_id: id } = await api.fileCommand(files.channel, { cmd: "GET", path: this.item.path });
    const path = api.downloadPath(files.channel, id ?? "");
    const got = await this.loads.download(path, (bytes) => this.told(bytes), this.abort.signal);
    if (!(got instanceof Blob)) throw new FileRefused(4, refusal(path, got));
    this.bytes = got.size;
    this.bytesDone = got.size;
    offer(got, this.name);
    return "done";
  }
}

/** Has the browser save bytes under a name, as it saves every download. */
function offer(bytes: Blob, name: string): void {
  const url = URL.createObjectURL(bytes);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}

class Loads {
  private all: readonly Load[] = $state.raw([]);
  readonly rows: readonly TransferRow[] = $derived(this.all.map(({ row }) => row));

  /** Uploads files; `done` hears of each folder that has a new one. */
  upload(machine: Machine, files: readonly NewFile[], done: (folder: string) => void): void {
    const { loads: way } = host;
    if (way === null) return;
    const lists = new Map<string, Promise<Listing>>();
    const first = (folder: string): Promise<Listing> => {
      const list = lists.get(folder) ?? machine.files.list(folder);
      lists.set(folder, list);
      return list;
    };
    this.add(files.map(({ file, folder }) => new Upload(machine, way, file, folder, first, done)));
  }

  /** Downloads files; folders and what is neither are left out. */
  download(machine: Machine, items: readonly FileItem[]): void {
    const { loads: way } = host;
    if (way !== null) this.add(items.filter(({ kind }) => kind !== "folder").map((item) => new Download(machine, way, item)));
  }

  forget(load: Load): void {
    this.all = this.all.filter((one) => one !== load);
  }

  clear(): void {
    for (const load of this.all) load.cancel();
    this.all = [];
  }

  /** Goes on with those that wait. */
  next(): void {
    const running = this.all.filter(({ state }) => state === "running").length;
    const waiting = this.all.filter(({ state }) => state === "waiting");
    for (const load of waiting.slice(0, Math.max(0, AT_ONCE - running))) void load.run().then(() => this.next());
  }

  private add(list: readonly Load[]): void {
    this.all = [...this.all, ...list];
    this.next();
  }
}

export const loads = new Loads();
