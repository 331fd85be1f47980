/** One tab of a remote screen: the session it shows, how that stands, and the viewer that draws it. */
import { api, ApiError, type CredentialFields } from "../api";
import type { CodecChoice, ErrorBody, Quality, Questions, SessionState, SessionView, Stage, StateNotice, Stats } from "../bindings";
import type { CursorImage } from "../session/cursor";
import type { Fitting, Size } from "../session/pointer";
import { Viewer } from "../session/viewer";
import { connections } from "./connections.svelte";
import { takeFitting } from "./moved";
import { PICTURE_WIDTH, pictures } from "./pictures.svelte";
import { t } from "../texts";
import { Rates } from "./rates";
import { toasts } from "./toasts.svelte";

/** `opening`: the request to connect is under way and there is no session yet. */
export type Phase = "opening" | SessionState;

export interface ClipboardNote {
  direction: "in" | "out";
  bytes: number;
  at: number;
  /** A text that came in but waits for a click before the browser takes it. */
  isWaiting: boolean;
}

/** Waits between attempts to attach again after the stream broke. */
const ATTACH_AGAIN_MS = [200, 500, 1000, 2000, 5000];

let lastId = 0;

export class SessionTab {
  readonly id = `tab-${++lastId}`;
  readonly viewer: Viewer;
  sessionId: string | null = $state(null);
  /** The name of its channel in the routes for files, where it shows files. */
  channel: string | null = $state(null);
  phase: Phase = $state("opening");
  stage: Stage | null = $state(null);
  problem: ErrorBody | null = $state.raw(null);
  /** What the machine asks while signing in. */
  questions: Questions | null = $state.raw(null);
  /** The user name that was typed last to sign in; it lives as long as the tab. */
  typedUser = "";
  retryAt: number | null = $state(null);
  /** When the link was lost, in milliseconds since 1970. */
  lostAt: number | null = $state(null);
  viewOnly = $state(false);
  /** The machine has not answered for a moment, so the picture may be old. */
  isStalled = $state(false);
  /** The locks of the remote keyboard that are on: 1 scroll, 2 numbers, 4 capitals; null while unknown. */
  locks: number | null = $state(null);
  fitting: Fitting = $state("fit");
  /** CSS pixels a remote pixel is shown with, times the screen's own ratio: 1 is exact. */
  zoom = $state(1);
  size: Size = $state.raw({ w: 0, h: 0 });
  stats: Stats | null = $state.raw(null);
  rates = $state.raw(new Rates());
  security = $state("");
  connectedAt: number | null = $state(null);
  desktopName = $state("");
  cursor: CursorImage | null = $state.raw(null);
  remotePointer: { x: number; y: number } | null = $state.raw(null);
  clipboardNote: ClipboardNote | null = $state.raw(null);
  /** What the session asks the machine for, as it was told last; null before. */
  asked: Pick<SessionView, "quality" | "codec_choice"> | null = $state.raw(null);
  /** The person closed the question about an identity; it is not asked again until the next attempt. */
  isTrustDeclined = $state(false);
  /** Its small picture is looked at, wherever the tab is. */
  isPeekedAt = $state(false);
  private attempt = 0;
  private attachTimer: ReturnType<typeof setTimeout> | undefined;
  private isGone = false;

  constructor(
    readonly connectionUid: string,
    private readonly savedName: string,
    viewOnly: boolean,
    /** It shows the machine's files and no picture. */
    readonly isFiles = false,
  ) {
    this.viewOnly = viewOnly;
    this.viewer = new Viewer({
      state: (report) => this.report(report),
      stats: (stats) => {
        this.stats = stats;
        this.rates = this.rates.with(stats, Date.now());
      },
      name: (name) => (this.desktopName = name),
      resized: (size) => (this.size = size),
      cursor: (cursor) => (this.cursor = cursor),
      remotePointer: (x, y) => (this.remotePointer = { x, y }),
      clipboardReceived: (bytes, delivered) => this.noteClipboard("in", bytes, !delivered),
      clipboardSent: (bytes) => this.noteClipboard("out", bytes, false),
      bell: () => undefined,
      said: (text) => void toasts.show(`${this.name}: ${text}`),
      locks: (locks) => (this.locks = locks),
      detached: () => {
        if (this.phase === "closed" || this.phase === "failed") this.keepLastPicture();
        else this.attachAgain();
      },
    });
  }

  get name(): string {
    return connections.get(this.connectionUid)?.name ?? this.savedName;
  }

  /** What it is called where tabs of all kinds stand together. */
  get title(): string {
    return this.isFiles ? t.files.panel(this.name) : this.name;
  }

  /** Whether it is a shell and shows no picture. */
  get isShell(): boolean {
    return !this.isFiles && connections.get(this.connectionUid)?.protocol === "SSH";
  }

  /** Whether a shell that was up is over; a new one can begin in its place. */
  get isShellOver(): boolean {
    return this.isShell && this.phase === "failed" && this.problem?.property === "session" && this.sessionId !== null;
  }

  /** Begins a new shell in the place of one that is over. */
  async newShell(): Promise<void> {
    if (this.sessionId === null) return this.open();
    try {
      await api.reconnect(this.sessionId);
      if (!this.viewer.isAttached) await this.attach();
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) await this.open();
      else this.fail(error);
    }
  }

  /** Whether the remote machine gets what is typed and pointed. */
  get isLive(): boolean {
    return this.phase === "connected";
  }

  /** Whether there is a session that another window can show. */
  get canMove(): boolean {
    return !this.isFiles && this.sessionId !== null && this.phase !== "failed" && this.phase !== "closed";
  }

  /** Opens a session of the connection; credentials given here are used once and not stored. */
  async open(credentials: CredentialFields | null = null): Promise<void> {
    const earlier = this.sessionId;
    this.begin();
    if (earlier !== null) void api.closeSession(earlier).catch(() => undefined);
    try {
      const id = await this.begun(credentials);
      if (this.isGone) {
        void api.closeSession(id).catch(() => undefined);
        return;
      }
      await this.adopt(id);
    } catch (error) {
      this.fail(error);
    }
  }

  private async begun(credentials: CredentialFields | null): Promise<string> {
    if (!this.isFiles) return (await api.connect(this.connectionUid, this.viewOnly, credentials)).session_id;
    const opened = await api.openFiles(this.connectionUid, credentials);
    this.channel = `${opened.connection_id}:${opened.channel_id}`;
    return opened.session_id;
  }

  /** Shows a session that is there already. */
  async adopt(id: string): Promise<void> {
    this.sessionId = id;
    this.fitting = takeFitting(id) ?? this.fitting;
    if (this.phase === "opening") this.phase = "connecting";
    await this.attach();
  }

  /** Tries the same session again at once; a session that is gone is opened anew. */
  async reconnect(): Promise<void> {
    const id = this.sessionId;
    if (this.isShellOver) return this.newShell();
    if (id === null || this.phase === "failed" || this.phase === "closed") {
      await this.open();
      return;
    }
    try {
      await api.reconnect(id);
      this.retryAt = null;
      if (!this.viewer.isAttached) await this.attach();
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) await this.open();
      // The vault is locked: the session goes on as it was.
      else if (error instanceof ApiError && error.status === 409) toasts.show(error.message);
      else this.fail(error);
    }
  }

  /** Asks for another quality at once; what is saved stays as it is. */
  setQuality(quality: Quality): Promise<void> {
    return this.ask((id) => api.setQuality(id, quality));
  }

  /** Offers the machine other encodings at once. */
  chooseCodec(choice: CodecChoice): Promise<void> {
    return this.ask((id) => api.chooseCodec(id, choice));
  }

  /** Looks what the session asks for now: a script or another window may have changed it. */
  refreshAsked(): Promise<void> {
    return this.ask((id) => api.session(id));
  }

  private async ask(ask: (id: string) => Promise<SessionView>): Promise<void> {
    const id = this.sessionId;
    if (id === null) return;
    try {
      const view = await ask(id);
      if (this.sessionId === id) this.asked = view;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toasts.show(t.asked.refused(error.message));
    }
  }

  async setViewOnly(viewOnly: boolean): Promise<void> {
    if (this.sessionId === null || this.viewOnly === viewOnly) return;
    if (viewOnly) this.viewer.release();
    this.viewOnly = viewOnly;
    this.viewer.viewOnly = viewOnly;
    try {
      await api.setViewOnly(this.sessionId, viewOnly);
    } catch {
      this.viewOnly = !viewOnly;
      this.viewer.viewOnly = !viewOnly;
    }
  }

  /** What the event stream says, for a tab whose own stream is not attached. */
  hear(view: SessionView): void {
    if (this.viewer.isAttached || this.phase === "opening") return;
    this.phase = view.state;
    this.viewOnly = view.view_only;
    this.problem = view.error ?? null;
  }

  /** The session is over and nothing here ended it. Its stream still brings the last picture, and ends by itself. */
  ended(): void {
    if (this.phase === "failed") return;
    clearTimeout(this.attachTimer);
    this.phase = "closed";
  }

  /** Ends the session; the tab may stay with its last picture. */
  async disconnect(): Promise<void> {
    const id = this.sessionId;
    const kept = this.keepPicture();
    this.detach();
    this.phase = "closed";
    this.problem = null;
    await kept;
    if (id !== null) await api.closeSession(id).catch(() => undefined);
  }

  /** The tab goes away. */
  dispose(): void {
    this.isGone = true;
    void this.keepPicture();
    this.detach();
  }

  /** Keeps a small copy of the picture for the machine's tile. */
  async keepPicture(): Promise<void> {
    if (this.isFiles || (this.size.w === 0 && !this.isShell)) return;
    if (!this.isShell && (this.viewer.isDrawing || this.sessionId === null)) {
      pictures.keep(this.connectionUid, this.viewer.screen.canvas);
      return;
    }
    if (this.sessionId === null) return;
    // The picture is drawn elsewhere, so the canvas has an old one.
    try {
      const bytes = await api.smallScreenshot(this.sessionId, PICTURE_WIDTH);
      pictures.keepImage(this.connectionUid, new Blob([bytes], { type: "image/jpeg" }));
    } catch {
      // The session is gone already: what the tile shows stays.
    }
  }

  /** The stream brought all of the picture before it ended, wherever that was drawn. */
  private keepLastPicture(): void {
    if (!this.isFiles && !this.isShell) pictures.keep(this.connectionUid, this.viewer.screen.canvas);
  }

  private begin(): void {
    void this.keepPicture();
    this.detach();
    this.phase = "opening";
    this.sessionId = null;
    this.asked = null;
    this.stage = null;
    this.problem = null;
    this.questions = null;
    this.retryAt = null;
    this.isTrustDeclined = false;
    this.attempt = 0;
  }

  private detach(): void {
    clearTimeout(this.attachTimer);
    this.viewer.detach();
  }

  private async attach(): Promise<void> {
    if (this.sessionId === null || this.isGone) return;
    try {
      const { url } = await api.sessionTicket(this.sessionId);
      this.viewer.takesRich = connections.get(this.connectionUid)?.protocol === "RDP";
      if (!this.isGone) this.viewer.attach(url);
    } catch (error) {
      if (error instanceof ApiError && error.status === 0) this.attachAgain();
      else if (error instanceof ApiError && error.status === 404) this.ended();
      else this.fail(error);
    }
  }

  private attachAgain(): void {
    if (this.isGone || this.phase === "failed" || this.phase === "closed") return;
    if (this.phase === "connected") this.lose(Date.now());
    else if (this.phase === "connecting" && this.attempt >= ATTACH_AGAIN_MS.length) {
      this.phase = "failed";
      this.problem = { error_code: "GENERAL_ERROR", error_message: t.session.notices.noStream, details: [] };
      return;
    }
    const wait = ATTACH_AGAIN_MS[Math.min(this.attempt, ATTACH_AGAIN_MS.length - 1)] ?? 5000;
    this.attempt += 1;
    clearTimeout(this.attachTimer);
    this.attachTimer = setTimeout(() => void this.attach(), wait);
  }

  private report(report: StateNotice): void {
    this.attempt = 0;
    const now = Date.now();
    if (report.state === "connected") {
      if (this.phase !== "connected") this.connectedAt = now;
      this.lostAt = null;
    } else if (report.state === "reconnecting" && this.phase !== "reconnecting") {
      this.lose(now);
    } else if (report.state === "failed" && this.phase === "connected") {
      void this.keepPicture();
    }
    this.phase = report.state;
    this.stage = report.stage ?? null;
    this.viewOnly = report.view_only;
    this.isStalled = report.stalled;
    this.security = report.security ?? "";
    this.problem = report.error ?? null;
    this.questions = report.questions ?? null;
    this.retryAt = report.retry_in_ms === undefined ? null : now + report.retry_in_ms;
    if (report.state === "connected") connections.touch(this.connectionUid);
  }

  private lose(now: number): void {
    void this.keepPicture();
    this.phase = "reconnecting";
    this.lostAt = now;
    this.retryAt = null;
    this.stats = null;
  }

  private fail(error: unknown): void {
    if (!(error instanceof ApiError)) throw error;
    this.phase = "failed";
    this.problem = error.body;
  }

  private noteClipboard(direction: "in" | "out", bytes: number, isWaiting: boolean): void {
    this.clipboardNote = { direction, bytes, at: Date.now(), isWaiting };
  }
}
