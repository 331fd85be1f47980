/** Who this page is signed in as, and everything that begins and ends with that. */
import { api, ApiError, onSignedOut } from "../api";
import type { EventKind, EventMessage } from "../bindings";
import { host, isSignInHost, type OwnWindow, Unreachable } from "../host";
import { backups } from "./backups.svelte";
import { connections } from "./connections.svelte";
import { loads } from "./files/loads.svelte";
import { transfers } from "./files/transfers.svelte";
import { groups } from "./groups.svelte";
import { history } from "./history.svelte";
import { nearby } from "./nearby";
import { passwords } from "./passwords.svelte";
import { grant } from "./places";
import { show as showFile } from "./rdpfiles";
import { sessions } from "./sessions.svelte";
import { settings } from "./settings.svelte";
import { shared } from "./shared.svelte";
import { tokens } from "./tokens";
import { trust } from "./trust";
import { tunnels } from "./tunnels.svelte";
import { undo } from "./undo.svelte";
import { vault } from "./vault.svelte";

export type SignInProblem = "ended" | "code" | "token" | "scope" | "unreachable";

/** How long the first fetch waits until changes are heard. */
const LISTEN_FIRST_MS = 300;

/** Events of what the history keeps. */
const REMEMBERED: ReadonlySet<EventKind> = new Set(["connection", "credential", "group", "trust"]);

class Account {
  phase: "starting" | "signed-out" | "ready" = $state("starting");
  problem: SignInProblem | null = $state(null);
  /** Whether changes made elsewhere arrive. */
  isConnected = $state(true);
  /** Whether this token may hear of them at all. */
  mayListen = $state(true);
  private stopListening: (() => void) | null = null;

  /** Signs in with the code in the page's address, if there is one, and loads everything. */
  async start(): Promise<void> {
    onSignedOut(() => this.signedOut());
    if (host.own) return await this.startOwn(host.own);
    const { code, open } = takeFragment();
    if (!isSignInHost(host)) await this.enter();
    else if (code === null) this.phase = "signed-out";
    else await this.signIn(`#code=${code}`);
    if (open !== null && this.phase === "ready" && connections.get(open)) sessions.open(open);
  }

  /** A session's own window is signed in as the one that opened it. */
  private async startOwn(own: OwnWindow): Promise<void> {
    if (isSignInHost(host) && !(await host.signInAsOpener())) return this.refuse("ended");
    await this.enter();
    if (!sessions.openOwn(own.session)) own.leave();
  }

  /** Takes a sign-in link, its code, or a token. */
  async signIn(text: string): Promise<void> {
    if (!isSignInHost(host)) return;
    this.problem = null;
    const code = /#code=([^&\s]+)/.exec(text)?.[1];
    try {
      if (code !== undefined) {
        const answer = await host.signInWithCode(decodeURIComponent(code));
        if (answer.status !== 200) {
          this.refuse("code");
          return;
        }
      } else {
        host.useToken(text.trim());
        await api.groups();
      }
    } catch (error) {
      if (!(error instanceof ApiError) && !(error instanceof Unreachable)) throw error;
      const status = error instanceof ApiError ? error.status : 0;
      this.refuse(status === 0 ? "unreachable" : status === 403 ? "scope" : "token");
      return;
    }
    await this.enter();
  }

  private async enter(): Promise<void> {
    this.phase = "ready";
    this.problem = null;
    this.stopListening?.();
    this.mayListen = true;
    await new Promise<void>((resolve) => {
      // What is fetched before changes arrive may miss one, so the first fetch waits for them, but not for long; each
      // time they arrive again, everything is fetched anew.
      const timer = setTimeout(() => void this.loadAll().then(resolve), LISTEN_FIRST_MS);
      this.stopListening = host.listen({
        event: (message) => this.hear(message),
        refused: () => (this.mayListen = false),
        connected: (isConnected) => {
          this.isConnected = isConnected;
          if (!isConnected) return;
          clearTimeout(timer);
          void this.loadAll().then(resolve);
        },
      });
    });
    if (host.own) return;
    await host.windows?.watch({ shown: (ids) => sessions.setElsewhere(ids), wished: grant });
    sessions.openTabs();
    api.watchOpened((reading) => void showFile(reading));
  }

  private async loadAll(): Promise<void> {
    if (host.own) return await this.loadOwn();
    await Promise.all([connections.load(), groups.load(), shared.load(), settings.load(), vault.load(), sessions.load(), transfers.load(), tunnels.load()]);
    if (trust.value !== null) void trust.load();
    if (tokens.value !== null) void tokens.load();
    if (nearby.value !== null) void nearby.load();
    if (backups.value !== null) void backups.load();
    history.touch();
  }

  /** What a session's own window shows: that session and its machine, however many others there are. */
  private async loadOwn(): Promise<void> {
    await Promise.all([settings.load(), vault.load(), sessions.load()]);
    const ours = sessions.active?.connectionUid ?? sessions.running.find((view) => view.session_id === host.own?.session)?.connection_uid;
    if (ours !== undefined) await connections.refresh(ours);
  }

  private hear(message: EventMessage): void {
    if (host.own && !["session", "settings", "vault", "resync"].includes(message.kind) && !connections.get(message.id)) return;
    if (REMEMBERED.has(message.kind)) history.touch();
    switch (message.kind) {
      case "connection":
        if (message.action === "delete") connections.drop(message.id);
        else connections.touch(message.id);
        return;
      case "credential":
        connections.touch(message.id);
        void shared.load();
        return;
      case "group":
        void groups.load();
        if (message.action === "delete") void connections.load();
        return;
      case "trust":
        void trust.load();
        return;
      case "settings":
        void settings.load();
        return;
      case "token":
        if (tokens.value !== null) void tokens.load();
        return;
      case "vault":
        void vault.load();
        return;
      case "session":
        sessions.hear(message);
        return;
      case "transfer":
        transfers.hear(message);
        return;
      case "tunnel":
        tunnels.hear(message);
        return;
      case "resync":
        void this.loadAll();
    }
  }

  private refuse(problem: SignInProblem): void {
    if (isSignInHost(host)) host.signOut();
    this.phase = "signed-out";
    this.problem = problem;
  }

  private signedOut(): void {
    if (this.phase !== "ready" || !isSignInHost(host)) return;
    this.stopListening?.();
    this.stopListening = null;
    this.isConnected = true;
    host.own?.leave();
    sessions.clear();
    passwords.giveUp();
    for (const each of [connections, groups, shared, settings, vault, trust, tokens, nearby, backups, history, loads, transfers, tunnels, undo]) each.clear();
    this.refuse("ended");
  }
}

/**
 * Takes what stands behind the `#` out of the address: the one-time code, which must not stay where histories and shoulders see
 * it, and the machine to open at once.
 */
function takeFragment(): { code: string | null; open: string | null } {
  const fragment = new URLSearchParams(window.location.hash.slice(1));
  if (window.location.hash !== "") window.history.replaceState(null, "", window.location.pathname + window.location.search);
  return { code: fragment.get("code"), open: fragment.get("open") };
}

export const account = new Account();
