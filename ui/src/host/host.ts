/** The seam to the program behind the window: the same calls by HTTP in a browser and by IPC in the app. */
import type { EventMessage } from "../bindings";

export type Method = "GET" | "PUT" | "DELETE" | "ACTION";

export interface Answer {
  status: number;
  body: unknown;
}

export interface EventListener {
  event(message: EventMessage): void;
  /** Whether changes arrive. After a gap everything must be fetched anew. */
  connected(isConnected: boolean): void;
}

export interface Host {
  readonly kind: "browser" | "app";
  /** Whether a person must sign in before the first request. */
  readonly needsSignIn: boolean;
  request(method: Method, path: string, body?: unknown, options?: RequestOptions): Promise<Answer>;
  bytes(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Listens until the returned function is called. */
  listen(listener: EventListener): () => void;
}

export interface RequestOptions {
  /** The page may be closing; the request must still go out. */
  evenWhenClosing?: boolean;
}

/** A host that needs a token, kept in memory only. */
export interface SignInHost extends Host {
  /** Exchanges the one-time code of a sign-in link. */
  signInWithCode(code: string): Promise<Answer>;
  /** Takes a token a person pasted. */
  useToken(token: string): void;
  signOut(): void;
}

/** The program did not answer at all. */
export class Unreachable extends Error {}
