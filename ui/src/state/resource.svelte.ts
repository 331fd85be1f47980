import { untrack } from "svelte";
import { ApiError } from "../api";

/** From here on a wait needs its reason, and a way out. */
const SLOW_MS = 10_000;

/** How a fetching goes that a place waits for. */
export interface Fetching {
  /** It takes so long that the place says what it waits for. */
  readonly isSlow: boolean;
  /** A person gave it up. */
  readonly isCancelled: boolean;
  cancel(): void;
  retry(): Promise<void>;
}

/** Something fetched from the API as a whole, and how the fetching went. */
export class Resource<T> implements Fetching {
  value: T | null = $state.raw(null);
  error: ApiError | null = $state.raw(null);
  isLoading = $state(false);
  isSlow = $state(false);
  isCancelled = $state(false);
  private running: Promise<void> | null = null;
  private again = false;
  private abort: AbortController | null = null;

  constructor(private readonly fetcher: (options: { signal: AbortSignal }) => Promise<T>) {}

  /**
   * Fetches; what is there afterwards is from after the call.
   *
   * Calls while one is under way end in one more fetch together, and all wait for that.
   */
  load(): Promise<void> {
    this.again = this.running !== null;
    // An effect that loads must not run again because of what loading changes.
    this.running ??= untrack(() => this.fetch());
    return this.running;
  }

  /** Fetches unless it is there already. */
  async need(): Promise<void> {
    if (untrack(() => this.value) === null && this.running === null) await this.load();
  }

  /** Puts in what is known meanwhile. A fetch under way may not know it yet: another one follows it. */
  amend(value: T): void {
    this.value = value;
    this.again = this.running !== null;
  }

  clear(): void {
    this.value = null;
    this.error = null;
    this.isCancelled = false;
  }

  /** Gives up what is under way; whoever waits for it goes on. */
  cancel(): void {
    this.abandon();
    this.isCancelled = true;
  }

  /** Fetches anew, whatever became of the fetch before. */
  retry(): Promise<void> {
    this.abandon();
    this.error = null;
    return this.load();
  }

  private abandon(): void {
    this.abort?.abort();
    this.abort = null;
    this.running = null;
    this.isLoading = false;
    this.isSlow = false;
  }

  private async fetch(): Promise<void> {
    const abort = new AbortController();
    this.abort = abort;
    this.isLoading = true;
    this.isCancelled = false;
    try {
      do {
        this.again = false;
        const value = await this.fetchOnce(abort.signal);
        if (abort.signal.aborted) return;
        this.value = value;
        this.error = null;
      } while (this.again);
    } catch (error) {
      if (abort.signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      this.error = error;
    } finally {
      if (this.abort === abort) {
        this.isLoading = false;
        this.running = null;
      }
    }
  }

  private async fetchOnce(signal: AbortSignal): Promise<T> {
    const timer = setTimeout(() => (this.isSlow = true), SLOW_MS);
    // Not every way to the program can be given up; its answer is not waited for then.
    const aborted = new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(new Error("given up"))));
    try {
      return await Promise.race([this.fetcher({ signal }), aborted]);
    } finally {
      clearTimeout(timer);
      if (!signal.aborted) this.isSlow = false;
    }
  }
}
