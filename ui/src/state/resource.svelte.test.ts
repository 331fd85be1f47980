import { flushSync } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../api";
import { Resource } from "./resource.svelte";

let answers: ((value: number) => void)[] = [];
let refusals: ((error: Error) => void)[] = [];
const resource = (): Resource<number> =>
  new Resource(() => new Promise<number>((resolve, reject) => void (answers.push(resolve), refusals.push(reject))));
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

beforeEach(() => {
  answers = [];
  refusals = [];
});

afterEach(() => void vi.useRealTimers());

describe("Resource", () => {
  it("gives every caller what is from after his call", async () => {
    const one = resource();
    const first = one.load();
    let isSecondDone = false;
    const second = one.load().then(() => (isSecondDone = true));
    void one.load();
    answers[0]?.(1);
    await settle();
    expect([answers.length, isSecondDone]).toEqual([2, false]);
    answers[1]?.(2);
    await Promise.all([first, second]);
    expect([one.value, one.isLoading, answers.length]).toEqual([2, false, 2]);
  });

  it("does not let an effect that loads run for ever", async () => {
    const one = resource();
    let runs = 0;
    const stop = $effect.root(() => {
      $effect(() => {
        runs += 1;
        void one.load();
      });
    });
    flushSync();
    for (let round = 0; round < 3; round += 1) {
      answers.at(-1)?.(round);
      await settle();
      flushSync();
    }
    stop();
    expect([runs, answers.length]).toEqual([1, 1]);
  });

  it("keeps what it had when a later fetch fails", async () => {
    const one = resource();
    const first = one.load();
    answers[0]?.(7);
    await first;
    const second = one.load();
    refusals[1]?.(new ApiError(500, { error_code: "GENERAL_ERROR", error_message: "no", details: [] }));
    await second;
    expect([one.value, one.error?.status, one.isLoading]).toEqual([7, 500, false]);
  });

  it("fetches only what is not there yet when it is merely needed", async () => {
    const one = resource();
    void one.need();
    void one.need();
    answers[0]?.(1);
    await settle();
    await one.need();
    expect(answers).toHaveLength(1);
  });

  it("says after 10 seconds that it takes long, until it is answered", async () => {
    vi.useFakeTimers();
    const one = resource();
    const loaded = one.load();
    vi.advanceTimersByTime(9_900);
    expect(one.isSlow).toBe(false);
    vi.advanceTimersByTime(100);
    expect(one.isSlow).toBe(true);
    answers[0]?.(1);
    await loaded;
    expect([one.value, one.isSlow, one.isLoading]).toEqual([1, false, false]);
  });

  it("goes on without an answer that was given up, and takes none that comes later", async () => {
    const one = resource();
    const loaded = one.load();
    one.cancel();
    await loaded;
    expect([one.isCancelled, one.isLoading, one.isSlow, one.error]).toEqual([true, false, false, null]);
    answers[0]?.(1);
    await settle();
    expect(one.value).toBe(null);
  });

  it("asks anew though nobody answered, and takes the newer answer alone", async () => {
    vi.useFakeTimers();
    const one = resource();
    void one.load();
    vi.advanceTimersByTime(11_000);
    const again = one.retry();
    expect([answers.length, one.isSlow, one.isLoading]).toEqual([2, false, true]);
    answers[0]?.(1);
    answers[1]?.(2);
    await again;
    expect([one.value, one.isLoading]).toEqual([2, false]);
    vi.advanceTimersByTime(11_000);
    expect(one.isSlow).toBe(false);
  });

  it("does not lose what became known while an older answer was on its way", async () => {
    const one = resource();
    const loaded = one.load();
    one.amend(7);
    answers[0]?.(1);
    await settle();
    expect(answers.length).toBe(2);
    answers[1]?.(7);
    await loaded;
    expect(one.value).toBe(7);
    one.amend(8);
    expect([one.value, answers.length]).toEqual([8, 2]);
  });

  it("tells the request that it was given up", () => {
    const signals: AbortSignal[] = [];
    const one = new Resource<number>(({ signal }) => new Promise(() => void signals.push(signal)));
    void one.load();
    void one.retry();
    one.cancel();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  });
});
