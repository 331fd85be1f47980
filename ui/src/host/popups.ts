/**
 * Windows of their own for sessions in a browser: they belong to the page that opened them and get its token from it.
 *
 * The token goes from window to window by message, never in an address or a storage.
 */
import type { OwnWindow, SessionWindows, SessionWindowsListener, Wish } from "./host";
import { addressOfOwn, ownSession, setOwnSession } from "./own";

/** What a session's window tells the page that opened it. */
type FromOwn =
  | { farwire: "ready" }
  | { farwire: "shows"; session: string }
  | { farwire: "ask"; wish: Wish }
  | { farwire: "leave"; wish: Wish | null };

/** What it is answered when it is ready. */
interface Welcome {
  farwire: "welcome";
  token: string;
}

/** Nobody is told when a window closes, so each is looked at this often. */
const LOOK_MS = 200;
/** How long a window waits for the page that opened it. */
const WELCOME_MS = 5000;

export class Popups implements SessionWindows {
  private readonly bySession = new Map<string, Window>();
  private listener: SessionWindowsListener | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;

  /** @param token what this page is signed in with */
  constructor(private readonly token: () => string | null) {
    window.addEventListener("message", (event: MessageEvent<unknown>) => this.hear(event));
    // A page that goes forgets its token, and they cannot go on without it for long.
    window.addEventListener("pagehide", () => this.close());
  }

  open(session: string): Promise<boolean> {
    const known = this.bySession.get(session);
    if (known && !known.closed) {
      known.focus();
      return Promise.resolve(true);
    }
    const size = `width=${window.innerWidth},height=${window.innerHeight}`;
    const opened = window.open(addressOfOwn(session), `farwire-${session}`, `popup,${size}`);
    if (!opened) return Promise.resolve(false);
    this.bySession.set(session, opened);
    this.timer ??= setInterval(() => this.look(), LOOK_MS);
    this.tell();
    return Promise.resolve(true);
  }

  close(): void {
    for (const each of this.bySession.values()) each.close();
    this.look();
  }

  watch(listener: SessionWindowsListener): Promise<void> {
    this.listener = listener;
    this.tell();
    return Promise.resolve();
  }

  private hear(event: MessageEvent<unknown>): void {
    const session = [...this.bySession].find(([, each]) => each === event.source)?.[0];
    // Only windows that were opened here, and only while they still hold our own page.
    if (event.origin !== window.location.origin || session === undefined || !isMessage(event.data)) return;
    const message = event.data as FromOwn;
    const source = event.source as Window;
    switch (message.farwire) {
      case "ready": {
        const token = this.token();
        if (token !== null) source.postMessage({ farwire: "welcome", token } satisfies Welcome, window.location.origin);
        return;
      }
      case "shows":
        this.bySession.delete(session);
        this.bySession.set(message.session, source);
        this.tell();
        return;
      case "ask":
        this.listener?.wished(message.wish);
        return;
      case "leave":
        this.bySession.delete(session);
        this.tell();
        if (message.wish !== null) this.listener?.wished(message.wish);
        source.close();
    }
  }

  private look(): void {
    const before = this.bySession.size;
    for (const [session, each] of this.bySession) if (each.closed) this.bySession.delete(session);
    if (this.bySession.size !== before) this.tell();
    if (this.bySession.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private tell(): void {
    this.listener?.shown([...this.bySession.keys()]);
  }
}

/** A session's window that a page of ours opened. */
export class Popup implements OwnWindow {
  constructor(
    readonly session: string,
    private readonly main: Window,
  ) {}

  /** The token of the page that opened this window; null if that does not answer. */
  token(): Promise<string | null> {
    return new Promise((resolve) => {
      const done = (token: string | null): void => {
        window.removeEventListener("message", hear);
        clearTimeout(timer);
        resolve(token);
      };
      const hear = (event: MessageEvent<unknown>): void => {
        if (event.source !== this.main || event.origin !== window.location.origin || !isMessage(event.data)) return;
        if (event.data.farwire === "welcome") done((event.data as Welcome).token);
      };
      const timer = setTimeout(() => done(null), WELCOME_MS);
      window.addEventListener("message", hear);
      this.tell({ farwire: "ready" });
    });
  }

  shows(session: string): void {
    setOwnSession(session);
    this.tell({ farwire: "shows", session });
  }

  ask(wish: Wish): void {
    this.tell({ farwire: "ask", wish });
    // A browser lets a window that was clicked bring the one forward that opened it, at most.
    this.main.focus();
  }

  leave(wish?: Wish): void {
    this.tell({ farwire: "leave", wish: wish ?? null });
    if (wish) this.main.focus();
    window.close();
  }

  private tell(message: FromOwn): void {
    this.main.postMessage(message, window.location.origin);
  }
}

/** This window, if a page of ours opened it for a session. */
export function ownPopup(): Popup | null {
  const session = ownSession();
  const main = window.opener as Window | null;
  return session === null || main === null || main.closed ? null : new Popup(session, main);
}

function isMessage(data: unknown): data is { farwire: string } {
  return typeof data === "object" && data !== null && "farwire" in data;
}
