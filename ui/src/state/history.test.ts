import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { api, ApiError } from "../api";
import type { ChangeView } from "../bindings";
import { deleteWithUndo, history } from "./history.svelte";
import { toasts } from "./toasts.svelte";

const change = (id: string, about: Partial<ChangeView> = {}): ChangeView => ({
  id,
  at: 1,
  who: "ui",
  who_name: "window",
  run: null,
  undoes: [],
  restores: null,
  undone: false,
  kinds: ["connection"],
  count: 1,
  things: [{ kind: "connection", id: "c1", name: "press-04", action: "delete" }],
  ...about,
});
const refusal = (message: string): ApiError =>
  new ApiError(409, { error_code: "CONFIGURATION_ERROR", error_message: message, property: "history", details: [] });
const press = (): void => toasts.all.at(-1)?.action?.run();
const remove = (work: () => Promise<unknown>): Promise<void> =>
  deleteWithUndo({ kind: "connection", id: "c1" }, work, { done: "Deleted press-04", failed: (why) => `Not deleted: ${why}` });

beforeEach(() => {
  toasts.all = [];
  history.clear();
});
afterEach(() => vi.restoreAllMocks());

describe("a delete with a way back", () => {
  it("takes back the newest change that deleted the thing", async () => {
    const created = [{ kind: "connection", id: "c1", name: "press-04", action: "create" }] as const;
    vi.spyOn(api, "history").mockResolvedValue([
      change("x5", { things: [{ kind: "credentials", id: "c1", name: "press-04", action: "delete" }] }),
      change("x4", { undone: true }),
      change("x3"),
      change("x2", { things: [...created] }),
      change("x1"),
    ]);
    const undo = vi.spyOn(api, "undoChange").mockResolvedValue({ count: 1 });
    await remove(() => Promise.resolve());
    expect(toasts.all.map(({ text }) => text)).toEqual(["Deleted press-04"]);
    press();
    await vi.waitFor(() => expect(undo.mock.calls).toEqual([["x3"]]));
    expect(toasts.all).toEqual([]);
  });

  it("says why nothing was deleted, and offers nothing", async () => {
    await remove(() => Promise.reject(refusal("the store is full")));
    expect(toasts.all.map(({ text, action }) => [text, action])).toEqual([["Not deleted: the store is full", undefined]]);
  });

  it("says why nothing came back", async () => {
    vi.spyOn(api, "history").mockResolvedValue([change("x1")]);
    vi.spyOn(api, "undoChange").mockRejectedValue(refusal("press-04 changed again since"));
    await remove(() => Promise.resolve());
    press();
    await vi.waitFor(() => expect(toasts.all.map(({ text }) => text)).toEqual(["press-04 changed again since"]));
  });
});

describe("history", () => {
  it("is fetched anew by changes only while it is looked at", async () => {
    const list = vi.spyOn(api, "history").mockResolvedValue([change("x1")]);
    history.touch();
    expect(list).not.toHaveBeenCalled();
    await history.load();
    history.touch();
    await history.load();
    expect(list.mock.calls.length).toBeGreaterThan(1);
  });

  it("lists older changes a page at a time", async () => {
    const list = vi.spyOn(api, "history").mockImplementation((limit) =>
      Promise.resolve(Array.from({ length: Math.min(limit, 150) }, (_, number) => change(`x${number}`))),
    );
    await history.load();
    expect(history.hasMore).toBe(true);
    await history.more();
    expect(list).toHaveBeenLastCalledWith(200, { start: 0, signal: expect.any(AbortSignal) as unknown });
    expect(history.value).toHaveLength(150);
    expect(history.hasMore).toBe(false);
  });

  it("lists more than the API answers at a time, each change once", async () => {
    const all = Array.from({ length: 1150 }, (_, number) => change(`x${number}`));
    let isShifted = false;
    const list = vi.spyOn(api, "history").mockImplementation((limit, { start = 0 } = {}) => {
      // A change comes in between, so that the last one of a page is the first one of the next.
      const from = isShifted && start > 0 ? start - 1 : start;
      return Promise.resolve(all.slice(from, from + limit));
    });
    await history.load();
    for (let page = 0; page < 4; page += 1) await history.more();
    expect(history.value).toHaveLength(1150);
    expect(list.mock.calls.slice(-2).map(([limit, about]) => [limit, about?.start])).toEqual([[1000, 0], [600, 1000]]);
    isShifted = true;
    await history.load();
    expect(new Set(history.value?.map(({ id }) => id)).size).toBe(history.value?.length);
  });
});
