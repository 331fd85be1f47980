import { beforeEach, describe, expect, it, vi } from "vitest";
import { deletions } from "./deletions.svelte";
import { toasts } from "./toasts.svelte";

let deleted: string[] = [];
const later = (id: string): void =>
  deletions.later(id, `Deleted ${id}`, (evenWhenClosing) => {
    deleted.push(`${id}${evenWhenClosing ? " while closing" : ""}`);
    return Promise.resolve();
  });

beforeEach(() => {
  deleted = [];
  vi.useFakeTimers();
});

describe("deletions", () => {
  it("hides at once and deletes after a while", async () => {
    later("a");
    expect(deletions.hides("a")).toBe(true);
    expect(deleted).toEqual([]);
    await vi.runAllTimersAsync();
    expect(deleted).toEqual(["a"]);
    expect(deletions.hides("a")).toBe(false);
    expect(toasts.all).toEqual([]);
  });

  it("deletes nothing that was undone", async () => {
    later("b");
    toasts.all.at(-1)?.action?.run();
    expect(deletions.hides("b")).toBe(false);
    await vi.runAllTimersAsync();
    expect(deleted).toEqual([]);
  });

  it("deletes once however often it is asked to", async () => {
    later("c");
    later("c");
    await vi.runAllTimersAsync();
    expect(deleted).toEqual(["c"]);
  });

  it("waits for nobody who points at a note for ever", async () => {
    later("f");
    toasts.hold("pointer");
    await vi.advanceTimersByTimeAsync(10_000);
    expect([deleted, toasts.all.length]).toEqual([[], 1]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect([deleted, toasts.all.length]).toEqual([["f"], 0]);
    toasts.release("pointer");
    later("g");
    toasts.all.at(-1)?.action?.run();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(deleted).toEqual(["f"]);
  });

  it("sends what waits when the page is left", async () => {
    later("d");
    later("e");
    window.dispatchEvent(new Event("pagehide"));
    await vi.runAllTimersAsync();
    expect(deleted).toEqual(["d while closing", "e while closing"]);
  });
});
