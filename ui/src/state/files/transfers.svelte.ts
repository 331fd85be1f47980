/** Copies between machines that the program carries out; it keeps them over restarts. */
import { SvelteMap } from "svelte/reactivity";
import { api, ApiError } from "../../api";
import type { EventMessage, FilePlace, TransferView } from "../../bindings";
import { t } from "../../texts";
import { connections } from "../connections.svelte";
import { OneByOne } from "../onebyone";
import { toasts } from "../toasts.svelte";
import { partsOf } from "./paths";
import type { Rule, TransferRow } from "./row";
import type { FileItem, FileSource } from "./source";

/** More at once are better copied by the folder they lie in. */
export const MAX_AT_ONCE = 100;

type Finished = (to: FilePlace) => void;

class Transfers {
  private readonly all = new SvelteMap<string, TransferView>();
  private readonly finished = new Set<Finished>();
  private readonly asking = new OneByOne();

  readonly rows: readonly TransferRow[] = $derived([...this.all.values()].map(rowOf));

  async load(): Promise<void> {
    try {
      const views = await api.transfers();
      this.all.clear();
      for (const view of views) this.all.set(view.transfer_id, view);
    } catch (error) {
      // This sign-in may not see files; the list stays empty.
      if (!(error instanceof ApiError)) throw error;
    }
  }

  clear(): void {
    this.all.clear();
  }

  hear({ id, action }: EventMessage): void {
    if (action !== "delete") return void this.fetch(id);
    // An answer that is on its way does not bring it back.
    this.asking.outdate(id);
    this.all.delete(id);
  }

  /** Calls back whenever a copy is whole; returns what ends that. */
  watch(listener: Finished): () => void {
    this.finished.add(listener);
    return () => this.finished.delete(listener);
  }

  /** Copies files and folders into a folder of another place. */
  async copy(from: FileSource, items: readonly Pick<FileItem, "path">[], to: FileSource, folder: string): Promise<void> {
    if (items.length > MAX_AT_ONCE) {
      toasts.show(t.files.tooMany(MAX_AT_ONCE));
      return;
    }
    const target = { uid: to.uid, path: folder.endsWith("/") ? folder : `${folder}/` };
    for (const { path } of items) {
      if (!(await this.act(() => api.startTransfer({ uid: from.uid, path }, target)))) return;
    }
  }

  async act(work: () => Promise<TransferView>): Promise<boolean> {
    try {
      const { transfer_id: id } = await work();
      // How it stood when it answered may be older than what is known by now.
      await this.fetch(id);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toasts.show(`${t.files.queue.failedAction}: ${error.message}`);
      return false;
    }
  }

  async forget(id: string): Promise<void> {
    try {
      await api.forgetTransfer(id);
      this.all.delete(id);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // One that is gone already is what was wanted.
      if (error.status !== 404) toasts.show(`${t.files.queue.failedAction}: ${error.message}`);
    }
  }

  private note(view: TransferView): void {
    const before = this.all.get(view.transfer_id);
    this.all.set(view.transfer_id, view);
    if (view.state === "done" && before?.state !== "done") this.finished.forEach((listener) => listener(view.to));
  }

  private fetch(id: string): Promise<void> {
    return this.asking.ask(id, async (isOld) => {
      try {
        const view = await api.transfer(id);
        if (!isOld()) this.note(view);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (error.status === 404) this.all.delete(id);
      }
    });
  }
}

function placeName(place: FilePlace): string {
  return place.uid === null ? t.files.queue.here : (connections.get(place.uid)?.name ?? place.uid);
}

function rowOf(view: TransferView): TransferRow {
  const { transfer_id: id, from, to, state } = view;
  const direction = from.uid === null ? "up" : to.uid === null ? "down" : "across";
  const words = {
    up: () => t.files.queue.to(placeName(to)),
    down: () => t.files.queue.from(placeName(from)),
    across: () => t.files.queue.fromTo(placeName(from), placeName(to)),
  };
  const act = (work: () => Promise<TransferView>) => () => void transfers.act(work);
  const isOver = state === "done" || state === "cancelled";
  const [first] = view.failed;
  const problem = first ? `${first.path}: ${first.message}` : (view.error?.error_message ?? null);
  return {
    id,
    name: partsOf(to.path).at(-1)?.name ?? to.display_path,
    where: words[direction](),
    direction,
    state,
    bytes: view.bytes,
    bytesDone: view.bytes_done,
    rate: view.rate,
    etaSecs: view.eta_secs,
    files: view.files,
    filesDone: view.files_done,
    leftOut: view.left_out,
    asked: view.asked.length,
    problem,
    created: view.created * 1000,
    pause: state === "running" || state === "waiting" ? act(() => api.pauseTransfer(id)) : null,
    resume: state === "paused" ? act(() => api.resumeTransfer(id, null)) : null,
    retry: state === "failed" ? act(() => api.resumeTransfer(id, null)) : null,
    cancel: isOver ? null : act(() => api.cancelTransfer(id)),
    answer: state === "asking" ? (rule: Rule) => void transfers.act(() => api.resumeTransfer(id, rule)) : null,
    forget: isOver ? () => void transfers.forget(id) : null,
  };
}

export const transfers = new Transfers();
