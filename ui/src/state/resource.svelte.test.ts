import { flushSync } from "svelte";
import { beforeEach, describe, expect, it } from "vitest";
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
});
