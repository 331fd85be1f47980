import { describe, expect, it } from "vitest";
import { age, ago, bytes, wholeNumber } from "./format";

const NOW = Date.UTC(2025, 5, 15, 12);
const SECOND = 1000;

describe("age", () => {
  it.each([
    [0, "now"],
    [4.9, "now"],
    [5, "5 s"],
    [59.9, "59 s"],
    [60, "1 min"],
    [3599, "59 min"],
    [3600, "1 h"],
    [86_399, "23 h"],
    [-50, "now"],
  ])("%d s is %s", (seconds, expected) => {
    expect(age(NOW - seconds * SECOND, NOW)).toBe(expected);
  });

  it("is a date from a day on", () => {
    expect(age(NOW - 86_400 * SECOND, NOW)).toContain("14");
    expect(age(NOW - 400 * 86_400 * SECOND, NOW)).toContain("2024");
  });

  it("reads well inside a sentence", () => {
    expect([0, 30].map((seconds) => ago(NOW - seconds * SECOND, NOW))).toEqual(["just now", "30 s ago"]);
    expect(ago(NOW - 86_400 * SECOND, NOW)).not.toContain("ago");
  });
});

it.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 kB"],
  [9949, "9.9 kB"],
  [9950, "10 kB"],
  [999_499, "999 kB"],
  [999_500, "1.0 MB"],
  [2_400_000, "2.4 MB"],
  [3.2e12, "3.2 TB"],
])("%d bytes are %s", (value, expected) => {
  expect(bytes(value)).toBe(expected);
});

it.each([
  [7, "7"],
  [1284, "1\u00a0284"],
  [100000, "100\u00a0000"],
])("%d is written %s", (value, expected) => {
  expect(wholeNumber(value)).toBe(expected);
});
