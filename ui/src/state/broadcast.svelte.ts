/** Typing into several shells at once. */
import { sessions } from "./sessions.svelte";
import type { SessionTab } from "./tab.svelte";

class Broadcast {
  private ids: readonly string[] = $state.raw([]);

  /** The shells that get what is typed into any of them. Fewer than two are none. */
  get tabs(): SessionTab[] {
    const chosen = sessions.tabs.filter((tab) => tab.isShell && this.ids.includes(tab.id));
    return chosen.length < 2 ? [] : chosen;
  }

  has(tab: SessionTab): boolean {
    return this.tabs.includes(tab);
  }

  /** The shells that get what is typed into this one: itself, and those chosen with it. */
  heardBy(tab: SessionTab): SessionTab[] {
    const tabs = this.has(tab) ? this.tabs : [tab];
    return tabs.filter((one) => one === tab || (one.isLive && !one.viewOnly));
  }

  /** Takes another shell in beside `from`, or leaves it out. */
  toggle(from: SessionTab, other: SessionTab): void {
    if (this.has(other)) this.ids = this.ids.filter((id) => id !== other.id);
    else this.ids = [...this.tabs.map((tab) => tab.id), from.id, other.id];
  }

  all(): void {
    this.ids = sessions.tabs.filter((tab) => tab.isShell).map((tab) => tab.id);
  }

  stop(): void {
    this.ids = [];
  }
}

export const broadcast = new Broadcast();
