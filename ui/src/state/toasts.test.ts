import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { toasts } from "./toasts.svelte";

const shown = (): string[] => toasts.all.map(({ text }) => text);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  toasts.release("pointer");
  toasts.release("focus");
  vi.runAllTimers();
  vi.useRealTimers();
});

describe("notes", () => {
  it("go after a while, and say so", () => {
    const over = vi.fn();
    toasts.show("done", undefined, 6000, over);
    vi.advanceTimersByTime(5999);
    expect([shown(), over.mock.calls.length]).toEqual([["done"], 0]);
    vi.advanceTimersByTime(1);
    expect([shown(), over.mock.calls.length]).toEqual([[], 1]);
  });

  it("stay while somebody points at one or the keyboard is on it, and have their whole time afterwards", () => {
    toasts.show("done");
    toasts.hold("pointer");
    toasts.hold("focus");
    vi.advanceTimersByTime(60_000);
    toasts.show("newer");
    vi.advanceTimersByTime(60_000);
    toasts.release("pointer");
    vi.advanceTimersByTime(60_000);
    expect(shown()).toEqual(["done", "newer"]);
    toasts.release("focus");
    vi.advanceTimersByTime(5999);
    expect(shown()).toEqual(["done", "newer"]);
    vi.advanceTimersByTime(1);
    expect(shown()).toEqual([]);
  });

  it("make room for newer ones, and say so; what is taken away says nothing", () => {
    const over = vi.fn();
    toasts.show("1", undefined, 6000, over);
    for (const text of ["2", "3", "4"]) toasts.show(text);
    expect([shown(), over.mock.calls.length]).toEqual([["2", "3", "4"], 1]);
    const takeAway = toasts.show("5", undefined, 6000, over);
    takeAway();
    vi.runAllTimers();
    expect(over).toHaveBeenCalledOnce();
  });
});
