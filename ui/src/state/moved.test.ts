import { beforeEach, describe, expect, test } from "vitest";
import { leaveFitting, takeFitting } from "./moved";

beforeEach(() => localStorage.clear());

describe("how large a picture is shown", () => {
  test("goes once from one window to the next", () => {
    leaveFitting("s_1", "exact");
    leaveFitting("s_2", 1.5);
    leaveFitting("s_1", "fill");
    expect(takeFitting("s_1")).toBe("fill");
    expect(takeFitting("s_1")).toBeNull();
    expect(takeFitting("s_2")).toBe(1.5);
  });

  test("is not kept for more sessions than there can be windows", () => {
    for (let each = 0; each < 70; each += 1) leaveFitting(`s_${each}`, "exact");
    expect(takeFitting("s_5")).toBeNull();
    expect(takeFitting("s_6")).toBe("exact");
  });

  test("is not believed where it says nothing that there is", () => {
    for (const text of ["{}", "[", '[["s_1", "huge"]]', '[["s_1", -1]]', '[[1, "fit"]]']) {
      localStorage.setItem("farwire.moved", text);
      expect(takeFitting("s_1"), text).toBeNull();
    }
  });
});
