/** Live sessions, and the tabs of this window that show them. */
import { SvelteMap } from "svelte/reactivity";
import { api, ApiError } from "../api";
import type { EventMessage, Questions, SessionView } from "../bindings";
import { host } from "../host";
import { t } from "../texts";
import { connections } from "./connections.svelte";
import { leaveFitting } from "./moved";
import { SessionTab } from "./tab.svelte";
import { toasts } from "./toasts.svelte";

/** The tab that shows the library. */
export const MACHINES = "machines";

class Sessions {
  tabs: SessionTab[] = $state.raw([]);
  activeId: string = $state(MACHINES);
  /** A tab that is seen together with the one in front. */
  private besideId: string | null = $state(null);
  /** The tab that was in front last, also while the library is. */
  private frontId: string | null = null;
  private readonly live = new SvelteMap<string, SessionView>();
  /** Sessions that have a window of their own. */
  private elsewhere: ReadonlySet<string> = new Set();

  readonly active: SessionTab | null = $derived(this.tabs.find((tab) => tab.id === this.activeId) ?? null);
  /** The tabs that are seen, in the order of all tabs: one, or two side by side. */
  readonly shown: SessionTab[] = $derived(
    this.active === null ? [] : this.tabs.filter((tab) => tab.id === this.activeId || tab.id === this.besideId),
  );
  /** Sessions that are up or on their way, also those a script opened. One of files shows nothing: it is no tab. */
  readonly running: SessionView[] = $derived(
    [...this.live.values()].filter(
      (view) => view.state !== "closed" && view.state !== "failed" && view.channel_id === undefined,
    ),
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
    for (const { session_id: id } of this.running) this.bringBack(id);
  }

  /** Shows one session alone: all that a window of its own has. False if there is none any more. */
  openOwn(id: string): boolean {
    const view = this.live.get(id);
    if (view && this.tabs.length === 0) this.showSession(view);
    return this.tabs.length > 0;
  }

  /** Moves a tab to a window of its own. The session goes on meanwhile. */
  async detach(tab: SessionTab): Promise<void> {
    const { sessionId } = tab;
    if (sessionId === null || host.windows === null) return;
    void tab.keepPicture();
    leaveFitting(sessionId, tab.fitting);
    if (await host.windows.open(sessionId)) this.takeAway(tab);
    else toasts.show(t.session.detachRefused);
  }

  /** Some sessions are in windows of their own now; those that are there no longer come back. */
  setElsewhere(ids: readonly string[]): void {
    const before = this.elsewhere;
    this.elsewhere = new Set(ids);
    for (const tab of this.tabs) if (tab.sessionId !== null && this.elsewhere.has(tab.sessionId)) this.takeAway(tab);
    const back = [...before].filter((id) => !this.elsewhere.has(id));
    // Fetched anew: a session that was ended over there must not come back as a tab.
    if (back.length > 0) void this.load().then(() => back.forEach((id) => this.bringBack(id)));
  }

  private bringBack(id: string): void {
    const view = this.running.find((one) => one.session_id === id);
    if (view && !this.tabOfSession(id) && !this.elsewhere.has(id)) this.addTab(view);
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
    return this.tabs.find((tab) => tab.connectionUid === connectionUid && !tab.isFiles) ?? null;
  }

  /** The tab that shows the files of a machine. */
  filesOf(connectionUid: string): SessionTab | null {
    return this.tabs.find((tab) => tab.connectionUid === connectionUid && tab.isFiles) ?? null;
  }

  /** The running session of a machine, wherever it was opened. */
  runningOf(connectionUid: string): SessionView | null {
    return this.running.find((view) => view.connection_uid === connectionUid) ?? null;
  }

  /** What a machine asks in a session, whether that has a tab or not. */
  asksIn(id: string): Questions | null {
    return this.live.get(id)?.questions ?? null;
  }

  /** Brings a machine's session to the front; opens one if there is none. */
  open(connectionUid: string, viewOnly = false): void {
    if (this.showTab(this.tabOf(connectionUid))) return;
    const running = this.runningOf(connectionUid);
    if (running) {
      this.showSession(running);
      return;
    }
    this.openTab(new SessionTab(connectionUid, connections.get(connectionUid)?.name ?? "", viewOnly));
  }

  /** Brings the files of a machine to the front; opens them if they are not. */
  openFiles(connectionUid: string): void {
    if (this.showTab(this.filesOf(connectionUid))) return;
    this.openTab(new SessionTab(connectionUid, connections.get(connectionUid)?.name ?? "", false, true));
  }

  private showTab(tab: SessionTab | null): boolean {
    if (tab === null) return false;
    this.activate(tab.id);
    if (tab.phase === "closed" || tab.phase === "failed") void tab.open();
    return true;
  }

  private openTab(tab: SessionTab): void {
    this.tabs = [...this.tabs, tab];
    this.activate(tab.id);
    void tab.open();
  }

  /** The page goes away: sessions of files are nobody's then, and no page could find them again. */
  leaveFiles(): void {
    for (const { isFiles, sessionId } of this.tabs) {
      if (isFiles && sessionId !== null) void api.closeSession(sessionId, { evenWhenClosing: true }).catch(() => undefined);
    }
  }

  /** Brings a running session to the front. */
  showSession(view: SessionView): void {
    if (this.elsewhere.has(view.session_id)) {
      void host.windows?.open(view.session_id);
      return;
    }
    const tab = this.tabOfSession(view.session_id) ?? this.addTab(view);
    this.activate(tab.id);
  }

  /** Brings the session with this identifier to the front, if it still runs. */
  showId(id: string): void {
    const view = this.running.find((one) => one.session_id === id);
    if (view) this.showSession(view);
  }

  /** Shows a tab. Of two that are seen together the other one stays beside it; a third takes the place of both. */
  activate(id: string): void {
    void this.active?.keepPicture();
    if (id !== MACHINES) {
      if (id === this.besideId) this.besideId = this.frontId;
      else if (id !== this.frontId) this.besideId = null;
      this.frontId = id;
    }
    this.activeId = id;
    wake(this.active);
  }

  /** Somebody looks at a tab's small picture: its screen is followed as long as that lasts. */
  peek(tab: SessionTab, isLooking: boolean): void {
    tab.isPeekedAt = isLooking;
    if (isLooking) wake(tab);
  }

  isShown(id: string): boolean {
    return this.shown.some((tab) => tab.id === id);
  }

  /** Shows another tab beside the one in front. */
  showBeside(id: string): void {
    this.besideId = id;
    wake(this.tabs.find((tab) => tab.id === id) ?? null);
  }

  /** Shows one tab alone again. */
  unsplit(): void {
    this.besideId = null;
  }

  /** Goes `by` tabs to the right, round the end. */
  step(by: number): void {
    if (host.own) return;
    const ids = [MACHINES, ...this.tabs.map((tab) => tab.id)];
    const at = ids.indexOf(this.activeId);
    this.activate(ids[(at + by + ids.length) % ids.length] ?? MACHINES);
  }

  /** Ends a tab's session and takes the tab away. */
  close(tab: SessionTab): void {
    const ended = tab.disconnect();
    if (host.own) void ended.then(() => host.own?.leave());
    else this.takeAway(tab);
  }

  private takeAway(tab: SessionTab): void {
    const at = this.tabs.indexOf(tab);
    if (at < 0) return;
    tab.dispose();
    this.tabs = this.tabs.filter((one) => one !== tab);
    const beside = this.besideId;
    if (tab.id === beside || tab.id === this.activeId) this.besideId = null;
    if (tab.id === this.activeId && beside !== null) return this.activate(beside);
    if (this.activeId !== tab.id) return;
    this.activeId = MACHINES;
    const next = this.tabs[Math.min(at, this.tabs.length - 1)];
    if (next) this.activate(next.id);
  }

  /** Leaves everything as it is on the other side, e.g. when signed out. */
  clear(): void {
    host.windows?.close();
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

/** A tab that never had a stream gets it now. */
function wake(tab: SessionTab | null): void {
  if (tab?.sessionId && !tab.viewer.isAttached && tab.phase !== "closed" && tab.phase !== "failed") {
    void tab.adopt(tab.sessionId);
  }
}

export const sessions = new Sessions();
