/** The browser page: HTTP with a bearer token that lives in memory only. */
import type { EventMessage } from "../bindings";
import { BrowserClipboard } from "./clipboard";
import { BrowserFullScreen } from "./browserfullscreen";
import {
  type Answer,
  type EventListener,
  type FileLoads,
  type Method,
  type OwnWindow,
  refusal,
  type RequestOptions,
  type SessionWindows,
  type SignInHost,
  Unreachable,
} from "./host";
import { HttpLoads } from "./loads";
import { BrowserPasswords } from "./passwords";
import { ownPopup, Popups } from "./popups";

const REFUSED = Symbol("refused");
/** Waits between attempts to hear events again: quick at first, then patient. */
const RETRY_MS = [500, 1000, 2000, 5000, 10_000];

export class HttpHost implements SignInHost {
  readonly kind = "browser";
  readonly needsSignIn = true;
  readonly menu = null;
  readonly quit = null;
  readonly opened = null;
  readonly filesHere = null;
  readonly dragOut = null;
  readonly outside = null;
  readonly drags = null;
  readonly loads: FileLoads;
  readonly fullScreen = new BrowserFullScreen();
  readonly passwords = new BrowserPasswords((path, body) => this.request("ACTION", path, body));
  readonly clipboard = new BrowserClipboard();
  readonly surface = null;
  readonly stillCaret = null;
  readonly windows: SessionWindows | null;
  private readonly popup = ownPopup();
  private token: string | null = null;

  /** @param origin where the API answers, e.g. `http://127.0.0.1:3279` */
  constructor(private readonly origin: string) {
    this.loads = new HttpLoads(origin, () => this.token);
    this.windows = this.popup ? null : new Popups(() => this.token);
  }

  get own(): OwnWindow | null {
    return this.popup;
  }

  async signInAsOpener(): Promise<boolean> {
    this.token = (await this.popup?.token()) ?? null;
    return this.token !== null;
  }

  async signInWithCode(code: string): Promise<Answer> {
    const answer = await this.request("PUT", "/ui/signin", { code });
    const { body } = answer;
    if (answer.status === 200 && typeof body === "object" && body !== null && "token" in body) {
      this.token = String(body.token);
    }
    return answer;
  }

  openLink(address: string): Promise<boolean> {
    // A window that knows nothing of this one: what is answered does not tell whether there is one.
    window.open(address, "_blank", "noopener,noreferrer");
    return Promise.resolve(true);
  }

  about(): Promise<null> {
    return Promise.resolve(null);
  }

  useToken(token: string): void {
    this.token = token;
  }

  signOut(): void {
    this.token = null;
  }

  async request(method: Method, path: string, body?: unknown, options: RequestOptions = {}): Promise<Answer> {
    const response = await this.fetch(method, path, body, options);
    const text = await response.text();
    return { status: response.status, body: text === "" ? {} : parse(text) };
  }

  async bytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
    const response = await this.fetch("GET", path);
    if (!response.ok) throw new Unreachable(refusal(path, { status: response.status, body: parse(await response.text()) }));
    return new Uint8Array(await response.arrayBuffer());
  }

  listen(listener: EventListener): () => void {
    let socket: WebSocket | null = null;
    let attempt = 0;
    let stopped = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const retry = (): void => {
      listener.connected(false);
      if (stopped) return;
      const wait = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)] ?? 10_000;
      attempt += 1;
      timer = setTimeout(() => void connect(), wait);
    };
    const connect = async (): Promise<void> => {
      const url = await this.eventsAddress();
      if (stopped) return;
      if (url === REFUSED) {
        listener.refused();
        return;
      }
      if (url === null) {
        retry();
        return;
      }
      socket = new WebSocket(url);
      socket.onopen = () => {
        attempt = 0;
        listener.connected(true);
      };
      socket.onmessage = (event: MessageEvent<unknown>) => {
        if (typeof event.data === "string") listener.event(JSON.parse(event.data) as EventMessage);
      };
      socket.onclose = retry;
    };
    void connect();
    return () => {
      stopped = true;
      clearTimeout(timer);
      if (socket) socket.onclose = null;
      socket?.close();
    };
  }

  /** Where events come from; {@link REFUSED} when this token may not hear them, `null` when nobody says. */
  private async eventsAddress(): Promise<string | typeof REFUSED | null> {
    try {
      const { status, body } = await this.request("PUT", "/ticket", { events: true });
      if (status === 403) return REFUSED;
      return status === 200 && typeof body === "object" && body !== null && "url" in body ? String(body.url) : null;
    } catch {
      return null;
    }
  }

  async readFile(file: File): Promise<Answer> {
    const response = await this.fetch("PUT", `/import?format=rdp&preview=1&name=${encodeURIComponent(file.name)}`, file);
    return { status: response.status, body: parse(await response.text()) };
  }

  /** Blobs go as they are, everything else as JSON. */
  private async fetch(method: Method, path: string, body?: unknown, options: RequestOptions = {}): Promise<Response> {
    const headers: Record<string, string> = {};
    const isBlob = body instanceof Blob;
    if (this.token !== null) headers["Authorization"] = `Bearer ${this.token}`;
    if (body !== undefined) headers["Content-Type"] = isBlob ? "application/octet-stream" : "application/json";
    if (options.run !== undefined) headers["Farwire-Run"] = options.run;
    try {
      return await fetch(this.origin + path, {
        // The same to the API, and no proxy or parser on the way stumbles over it.
        method: method === "ACTION" ? "POST" : method,
        headers,
        body: body === undefined ? null : isBlob ? body : JSON.stringify(body),
        keepalive: options.evenWhenClosing === true,
        signal: options.signal ?? null,
        cache: "no-store",
        // The files dialect ties the two steps of moving a file together by a cookie.
        credentials: path.startsWith("/ssh-proxy/") ? "same-origin" : "omit",
        redirect: "error",
      });
    } catch (error) {
      throw new Unreachable(`no answer to ${method} ${path}`, { cause: error });
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
