import { beforeEach, describe, expect, it, vi } from "vitest";
import { HEADER_BYTES } from "../session/frames";
import { pictures } from "./pictures.svelte";
import { SessionTab } from "./tab.svelte";
import { toasts } from "./toasts.svelte";

const calls = vi.hoisted(() => ({ log: [] as string[], gone: new Set<string>(), sessions: 0, canTicket: true, isLocked: false }));
vi.mock("../host", () => {
  class Unreachable extends Error {}
  const answer = (status: number, body: unknown) => ({ status, body });
  return {
    Unreachable,
    host: {
      kind: "app",
      request(method: string, path: string, body?: unknown) {
        calls.log.push(`${method} ${path}${body === undefined ? "" : ` ${JSON.stringify(body)}`}`);
        if (/\/(connect|observe)$/.test(path)) return Promise.resolve(answer(200, { session_id: `s_${++calls.sessions}`, state: "connecting" }));
        if (path === "/ticket") {
          if (!calls.canTicket) return Promise.reject(new Unreachable("nobody answers"));
          const id = (body as { session_id: string }).session_id;
          if (calls.gone.has(id)) return Promise.resolve(answer(404, { error_code: "BAD_REQUEST", error_message: "no such session", details: [] }));
          return Promise.resolve(answer(200, { ticket: "t", url: `ws://127.0.0.1/${id}` }));
        }
        if (calls.isLocked && path.endsWith("/reconnect")) {
          return Promise.resolve(answer(409, { error_code: "CONFIGURATION_ERROR", error_message: "the vault is locked", property: "vault", details: [] }));
        }
        return Promise.resolve(answer(200, {}));
      },
    },
  };
});

class FakeSocket {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = 1;
  bufferedAmount = 0;
  binaryType = "";
  sent: number[][] = [];
  onmessage: ((event: { data: ArrayBuffer }) => void) | null = null;
  onclose: (() => void) | null = null;
  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }
  send(message: ArrayBuffer): void {
    this.sent.push([...new Uint8Array(message)]);
  }
  close(): void {
    this.readyState = 3;
  }
  say(kind: number, report: unknown): void {
    const payload = new TextEncoder().encode(JSON.stringify(report));
    const buffer = new ArrayBuffer(HEADER_BYTES + payload.length);
    new DataView(buffer).setUint8(0, kind);
    new Uint8Array(buffer).set(payload, HEADER_BYTES);
    this.onmessage?.({ data: buffer });
  }
}
const socket = (): FakeSocket => {
  const last = FakeSocket.all.at(-1);
  if (!last) throw new Error("no stream was opened");
  return last;
};
const state = (part: object): object => ({ view_only: false, security: "", ...part });

beforeEach(() => {
  Object.assign(calls, { log: [], gone: new Set(), sessions: 0, canTicket: true });
  FakeSocket.all = [];
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue({} as never);
});

describe("SessionTab", () => {
  it("goes from opening to connected by what the stream says", async () => {
    const tab = new SessionTab("c_1", "press", false);
    const phases: string[] = [tab.phase];
    await tab.open();
    phases.push(tab.phase);
    socket().say(8, state({ state: "connecting", stage: "tls" }));
    expect(tab.stage).toBe("tls");
    socket().say(8, state({ state: "connected" }));
    phases.push(tab.phase);
    expect(phases).toEqual(["opening", "connecting", "connected"]);
    expect(calls.log).toEqual(["ACTION /connection/c_1/connect", 'PUT /ticket {"session_id":"s_1"}']);
  });

  it("sends credentials that were typed once and ends the session that failed", async () => {
    const tab = new SessionTab("c_1", "press", false);
    await tab.open();
    const problem = { error_code: "GENERAL_ERROR", error_message: "refused", property: "auth", details: [] };
    socket().say(8, state({ state: "failed", error: problem }));
    expect([tab.phase, tab.problem]).toEqual(["failed", problem]);
    calls.log = [];
    await tab.open({ "vnc.password": "secret" });
    expect(calls.log.slice(0, 2)).toEqual(["DELETE /session/s_1", 'ACTION /connection/c_1/connect {"credentials":{"vnc.password":"secret"}}']);
    expect(tab.problem).toBeNull();
  });

  it("attaches again when its stream breaks, and says meanwhile that the link is lost", async () => {
    const tab = new SessionTab("c_1", "press", false);
    await tab.open();
    socket().say(8, state({ state: "connected" }));
    socket().onclose?.();
    expect(tab.phase).toBe("reconnecting");
    await vi.advanceTimersByTimeAsync(300);
    expect(FakeSocket.all).toHaveLength(2);
    socket().say(8, state({ state: "connected" }));
    expect(tab.phase).toBe("connected");
  });

  it("is closed when its session has gone meanwhile", async () => {
    const tab = new SessionTab("c_1", "press", false);
    await tab.open();
    socket().say(8, state({ state: "connected" }));
    calls.gone.add("s_1");
    socket().onclose?.();
    await vi.advanceTimersByTimeAsync(300);
    expect(tab.phase).toBe("closed");
  });

  it("keeps the last picture, which its stream brings after the session is over", async () => {
    const keep = vi.spyOn(pictures, "keep");
    const tab = new SessionTab("c_1", "press", false);
    await tab.open();
    socket().say(8, state({ state: "connected" }));
    tab.viewer.show(false);
    keep.mockClear();
    tab.ended();
    expect([tab.phase, socket().readyState, keep.mock.calls.length]).toEqual(["closed", FakeSocket.OPEN, 0]);
    socket().onclose?.();
    expect(keep.mock.calls).toEqual([["c_1", tab.viewer.screen.canvas]]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(FakeSocket.all).toHaveLength(1);
  });

  it("says so when no stream can be opened at all, instead of waiting for ever", async () => {
    calls.canTicket = false;
    const tab = new SessionTab("c_1", "press", false);
    await tab.open();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(tab.phase).toBe("failed");
    expect(tab.problem?.error_message).toMatch(/connection to Farwire/);
  });

  it("counts the wait for the next try down from when it was told", async () => {
    vi.setSystemTime(1_000_000);
    const tab = new SessionTab("c_1", "press", false);
    await tab.open();
    socket().say(8, state({ state: "connected" }));
    socket().say(8, state({ state: "reconnecting", retry_in_ms: 4000 }));
    expect([tab.retryAt, tab.lostAt]).toEqual([1_004_000, 1_000_000]);
  });

  it("goes on as it was when the vault is locked and it is to begin anew", async () => {
    const tab = new SessionTab("c_1", "press", false);
    await tab.open();
    socket().say(8, state({ state: "connected" }));
    calls.isLocked = true;
    await tab.reconnect();
    calls.isLocked = false;
    expect([tab.phase, tab.problem]).toEqual(["connected", null]);
    expect(toasts.all.at(-1)?.text).toBe("the vault is locked");
  });

  it("sends no input while observing, but releases what was held before", async () => {
    const tab = new SessionTab("c_1", "press", false);
    await tab.open();
    socket().say(8, state({ state: "connected" }));
    await tab.setViewOnly(true);
    socket().sent = [];
    tab.viewer.type("x");
    tab.viewer.wheel(1, 1, 0, 120);
    tab.viewer.keyboard.combination([0x61]);
    expect(socket().sent).toEqual([]);
    expect(calls.log.at(-1)).toBe('PUT /session/s_1 {"view_only":true}');
  });

  it("opens an observer as one", async () => {
    await new SessionTab("c_1", "press", true).open();
    expect(calls.log[0]).toBe("ACTION /connection/c_1/observe");
  });
});
