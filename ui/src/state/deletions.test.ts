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

  it("sends what waits when the page is left", async () => {
    later("d");
    later("e");
    window.dispatchEvent(new Event("pagehide"));
    await vi.runAllTimersAsync();
    expect(deleted).toEqual(["d while closing", "e while closing"]);
  });
});
