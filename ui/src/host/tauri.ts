/** The app: IPC to the program this window belongs to. The only file that knows Tauri. */
import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import type { EventMessage } from "../bindings";
import { type Answer, type EventListener, type Host, type Method, Unreachable } from "./host";

export class TauriHost implements Host {
  readonly kind = "app";
  readonly needsSignIn = false;

  async request(method: Method, path: string, body?: unknown): Promise<Answer> {
    try {
      return await invoke<Answer>("request", { method, path, body: body ?? null });
    } catch (error) {
      throw new Unreachable(`no answer to ${method} ${path}`, { cause: error });
    }
  }

  async bytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
    try {
      return new Uint8Array(await invoke<ArrayBuffer>("request_bytes", { path }));
    } catch (error) {
      throw new Unreachable(`no answer to GET ${path}`, { cause: error });
    }
  }

  listen(listener: EventListener): () => void {
    let stopped = false;
    let unlisten: (() => void) | null = null;
    void listen<EventMessage>("farwire-event", (event) => listener.event(event.payload)).then((stop) => {
      unlisten = stop;
      if (stopped) stop();
      else listener.connected(true);
    });
    return () => {
      stopped = true;
      unlisten?.();
    };
  }
}
