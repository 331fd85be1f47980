import { beforeEach, describe, expect, it } from "vitest";
import { LockSync } from "./locks";

let now = 0;
const sync = (): LockSync => new LockSync(() => now);
/** A key that goes down while these locks are on here: C capitals, N numbers. */
const due = (locks: LockSync, on: string, code = "KeyA"): string =>
  locks
    .due({ code, capsLock: on.includes("C"), numLock: on.includes("N") })
    .map((key) => key.code)
    .join();

beforeEach(() => (now = 1000));

describe("locks over there follow those here", () => {
  it.each([
    ["both off", 0, "", ""],
    ["capitals only here", 0, "C", "CapsLock"],
    ["capitals only there", 4, "", "CapsLock"],
    ["capitals on both", 4, "C", ""],
    ["numbers only here", 0, "N", "NumLock"],
    ["both only here", 0, "CN", "CapsLock,NumLock"],
    ["the scroll lock there is nobody's", 1, "", ""],
  ])("%s", (_, heard, here, expected) => {
    const locks = sync();
    locks.heard(heard);
    expect(due(locks, here)).toBe(expected);
  });

  it("does nothing while the machine has not told", () => {
    expect(due(sync(), "CN")).toBe("");
  });

  it("leaves alone what this computer does not tell", () => {
    const locks = sync();
    locks.heard(2);
    expect(locks.due({ code: "KeyA", capsLock: false, numLock: null })).toEqual([]);
  });

  it("taps once and waits for the answer", () => {
    const locks = sync();
    locks.heard(0);
    expect(due(locks, "C")).toBe("CapsLock");
    now += 10_000;
    expect(due(locks, "C")).toBe("");
  });

  it("leaves the lock key itself to do its work", () => {
    const locks = sync();
    locks.heard(0);
    expect(due(locks, "C", "CapsLock")).toBe("");
    expect(due(locks, "C")).toBe("");
  });

  it("takes no answer for new that may be older than the last press of the lock key", () => {
    const locks = sync();
    locks.heard(0);
    due(locks, "", "CapsLock");
    due(locks, "C", "CapsLock");
    locks.heard(4);
    expect(due(locks, "")).toBe("");
    locks.heard(0);
    now += 301;
    expect(due(locks, "")).toBe("");
    expect(due(locks, "C")).toBe("CapsLock");
  });

  it("waits for a machine that is another one", () => {
    const locks = sync();
    locks.heard(4);
    locks.heard(null);
    expect(due(locks, "")).toBe("");
    locks.heard(4);
    expect(due(locks, "")).toBe("CapsLock");
  });
});
