import { beforeEach, describe, expect, it, vi } from "vitest";
import { api } from "../api";
import type { Connection, Group } from "../bindings";
import { connections } from "./connections.svelte";
import { deletions } from "./deletions.svelte";
import { editMachine } from "./edit.svelte";
import { groups } from "./groups.svelte";
import { toasts } from "./toasts.svelte";
import { undo } from "./undo.svelte";

const saved = vi.hoisted((): Record<string, unknown> => ({}));
vi.mock("../host", () => ({
  host: { request: (_: string, path: string) => Promise.resolve({ status: 200, body: saved[path] ?? {} }) },
  Unreachable: class extends Error {},
}));

const group = (uid: string, parent: string | null): Group =>
  ({ group_uid: uid, name: uid, parent_uid: parent, settings: {}, credential: null, count: 0, revision: 1 });
const said = (): string[] => toasts.all.map(({ text }) => text);
let undone: string[];

beforeEach(async () => {
  vi.restoreAllMocks();
  undo.clear();
  toasts.all = [];
  undone = [];
  vi.spyOn(api, "undoRun").mockImplementation((run) => {
    undone.push(run);
    return Promise.resolve({ count: 1 });
  });
  saved["/groups"] = [group("plant", null), group("hall", "plant"), group("line", "hall")];
  await groups.load();
});

describe("a group that is moved", () => {
  it("comes back by its note", async () => {
    const update = vi.spyOn(api, "updateGroup").mockResolvedValue({});
    await groups.move("hall", null);
    const [[uid, fields, options] = []] = update.mock.calls;
    expect([uid, fields, said()]).toEqual(["hall", { parent_uid: null }, ["Moved hall to Top level"]]);
    toasts.all[0]?.action?.run();
    expect([undone, undo.isEmpty]).toEqual([[options?.run], true]);
  });

  it("comes back by Ctrl+Z, which takes its note along", async () => {
    vi.spyOn(api, "updateGroup").mockResolvedValue({});
    await groups.move("hall", null);
    undo.last();
    expect(undone).toHaveLength(1);
    await vi.waitFor(() => expect(said()).toEqual(["Taken back: 1 thing is different now"]));
  });

  it("is not moved into itself, into what is inside it, or to where it is", async () => {
    const update = vi.spyOn(api, "updateGroup").mockResolvedValue({});
    for (const [uid, parent] of [["hall", "hall"], ["plant", "line"], ["hall", "plant"], ["plant", null], ["gone", null]] as const) {
      expect(groups.canMove(uid, parent)).toBe(false);
      await groups.move(uid, parent);
    }
    expect([groups.canMove("line", "plant"), groups.canMove("line", null)]).toEqual([true, true]);
    expect([update.mock.calls, said()]).toEqual([[], []]);
  });
});

describe("Ctrl+Z", () => {
  it("takes back the last thing first, each once", async () => {
    const runs: (string | undefined)[] = [];
    vi.spyOn(api, "updateConnection").mockImplementation((_, __, options) => {
      runs.push(options?.run);
      return Promise.resolve({});
    });
    await connections.update("c1", { name: "a" });
    await connections.update("c1", { name: "b" });
    expect(new Set(runs).size).toBe(2);
    undo.last();
    undo.last();
    undo.last();
    expect(undone).toEqual(runs.reverse());
  });

  it("does not take back what was taken back where it was typed", async () => {
    vi.spyOn(connections, "get").mockReturnValue({ uid: "c1", name: "press", settings: {} } as unknown as Connection);
    const sent = vi.spyOn(api, "updateConnection").mockResolvedValue({});
    await connections.update("c1", { notes: "before" });
    const edit = editMachine("c1");
    edit.set("name", "x", "now");
    await vi.waitFor(() => expect(edit.canUndo).toBe(true));
    await edit.undo();
    expect(sent.mock.calls.map(([, fields]) => fields)).toEqual([{ notes: "before" }, { name: "x" }, { name: "press" }]);
    undo.last();
    expect([undone.length, undo.isEmpty]).toEqual([1, true]);
  });

  it("takes back what is about to be deleted, and not what is", async () => {
    const run = vi.fn(() => Promise.resolve());
    deletions.later("t1", "Revoked t1", run);
    undo.last();
    expect([deletions.hides("t1"), said()]).toEqual([false, []]);
    deletions.later("t2", "Revoked t2", run);
    const [toast] = toasts.all;
    toasts.remove(toast?.id ?? 0);
    await vi.waitFor(() => expect(deletions.hides("t2")).toBe(false));
    expect([run.mock.calls.length, undo.isEmpty]).toEqual([1, true]);
  });

  it("takes back nothing that was refused", async () => {
    vi.spyOn(api, "updateConnection").mockRejectedValue(new Error("no"));
    await expect(connections.update("c1", { name: "a" })).rejects.toThrow();
    expect(undo.isEmpty).toBe(true);
  });
});
