import { untrack } from "svelte";
import { ApiError } from "../api";

/** Something fetched from the API as a whole, and how the fetching went. */
export class Resource<T> {
  value: T | null = $state.raw(null);
  error: ApiError | null = $state.raw(null);
  isLoading = $state(false);
  private running: Promise<void> | null = null;
  private again = false;

  constructor(private readonly fetcher: () => Promise<T>) {}

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

  clear(): void {
    this.value = null;
    this.error = null;
  }

  private async fetch(): Promise<void> {
    this.isLoading = true;
    try {
      do {
        this.again = false;
        this.value = await this.fetcher();
        this.error = null;
      } while (this.again);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.error = error;
    } finally {
      this.isLoading = false;
      this.running = null;
    }
  }
}
