/** Live sessions, and the tabs of this window that show them. */
import { SvelteMap } from "svelte/reactivity";
import { api, ApiError } from "../api";
import type { EventMessage, SessionView } from "../bindings";
import { connections } from "./connections.svelte";
import { SessionTab } from "./tab.svelte";

/** The tab that shows the library. */
export const MACHINES = "machines";

class Sessions {
  tabs: SessionTab[] = $state.raw([]);
  activeId: string = $state(MACHINES);
  private readonly live = new SvelteMap<string, SessionView>();

  readonly active: SessionTab | null = $derived(this.tabs.find((tab) => tab.id === this.activeId) ?? null);
  /** Sessions that are up or on their way, also those a script opened. */
  readonly running: SessionView[] = $derived(
    [...this.live.values()].filter((view) => view.state !== "closed" && view.state !== "failed"),
  );

  /** Fetches the sessions; tabs whose session is gone say so. */
  async load(): Promise<void> {
    let views: SessionView[];
    try {
      views = await api.sessions();
    } catch (error) {
      if (error instanceof ApiError) return; // The list of machines says why nothing answers.
      throw error;
    }
    this.live.clear();
    for (const view of views) this.live.set(view.session_id, view);
    for (const tab of this.tabs) if (tab.sessionId !== null && !this.live.has(tab.sessionId)) tab.ended();
  }

  /** Gives every running session a tab, e.g. after the page was loaded again. */
  openTabs(): void {
    for (const view of this.running) if (!this.tabOfSession(view.session_id)) this.addTab(view);
  }

  hear({ id, action, session }: EventMessage): void {
    if (action === "delete") {
      this.live.delete(id);
      this.tabOfSession(id)?.ended();
      return;
    }
    if (!session) return;
    this.live.set(id, session);
    this.tabOfSession(id)?.hear(session);
  }

  tabOf(connectionUid: string): SessionTab | null {
    return this.tabs.find((tab) => tab.connectionUid === connectionUid) ?? null;
  }

  /** The running session of a machine, wherever it was opened. */
  runningOf(connectionUid: string): SessionView | null {
    return this.running.find((view) => view.connection_uid === connectionUid) ?? null;
  }

  /** Brings a machine's session to the front; opens one if there is none. */
  open(connectionUid: string, viewOnly = false): void {
    const existing = this.tabOf(connectionUid);
    if (existing) {
      this.activate(existing.id);
      if (existing.phase === "closed" || existing.phase === "failed") void existing.open();
      return;
    }
    const running = this.runningOf(connectionUid);
    if (running) {
      this.showSession(running);
      return;
    }
    const tab = new SessionTab(connectionUid, connections.get(connectionUid)?.name ?? "", viewOnly);
    this.tabs = [...this.tabs, tab];
    this.activate(tab.id);
    void tab.open();
  }

  /** Brings a running session to the front. */
  showSession(view: SessionView): void {
    const tab = this.tabOfSession(view.session_id) ?? this.addTab(view);
    this.activate(tab.id);
  }

  /** Shows a tab; one that never had a stream gets it now. */
  activate(id: string): void {
    this.active?.keepPicture();
    this.activeId = id;
    const tab = this.active;
    if (tab?.sessionId && !tab.viewer.isAttached && tab.phase !== "closed" && tab.phase !== "failed") {
      void tab.adopt(tab.sessionId);
    }
  }

  /** Goes `by` tabs to the right, round the end. */
  step(by: number): void {
    const ids = [MACHINES, ...this.tabs.map((tab) => tab.id)];
    const at = ids.indexOf(this.activeId);
    this.activate(ids[(at + by + ids.length) % ids.length] ?? MACHINES);
  }

  /** Ends a tab's session and takes the tab away. */
  close(tab: SessionTab): void {
    const at = this.tabs.indexOf(tab);
    void tab.disconnect();
    tab.dispose();
    this.tabs = this.tabs.filter((one) => one !== tab);
    if (this.activeId !== tab.id) return;
    this.activeId = MACHINES;
    const next = this.tabs[Math.min(at, this.tabs.length - 1)];
    if (next) this.activate(next.id);
  }

  /** Leaves everything as it is on the other side, e.g. when signed out. */
  clear(): void {
    for (const tab of this.tabs) tab.dispose();
    this.tabs = [];
    this.activeId = MACHINES;
    this.live.clear();
  }

  private tabOfSession(id: string): SessionTab | null {
    return this.tabs.find((tab) => tab.sessionId === id) ?? null;
  }

  private addTab(view: SessionView): SessionTab {
    const tab = new SessionTab(view.connection_uid, view.name, view.view_only);
    tab.sessionId = view.session_id;
    tab.phase = view.state;
    this.tabs = [...this.tabs, tab];
    return tab;
  }
}

export const sessions = new Sessions();
