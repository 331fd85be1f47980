import { ApiError } from "../api";

/** Something fetched from the API as a whole, and how the fetching went. */
export class Resource<T> {
  value: T | null = $state.raw(null);
  error: ApiError | null = $state.raw(null);
  isLoading = $state(false);
  private again = false;

  constructor(private readonly fetcher: () => Promise<T>) {}

  /** Fetches. Calls while one is under way end in one more, so that the last change is always seen. */
  async load(): Promise<void> {
    if (this.isLoading) {
      this.again = true;
      return;
    }
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
    }
  }

  /** Fetches unless it is there already. */
  async need(): Promise<void> {
    if (this.value === null && !this.isLoading) await this.load();
  }

  clear(): void {
    this.value = null;
    this.error = null;
  }
}
