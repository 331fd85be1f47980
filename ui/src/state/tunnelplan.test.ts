import { describe, expect, it } from "vitest";
import { planKey, plansOf, planText } from "./tunnelplan";

describe("tunnels in settings", () => {
  it("are read and written alike", () => {
    const text = "L 8080 web:80, R 9000 localhost:3000; D 1080";
    const plans = plansOf(text);
    expect(plans).toEqual([
      { kind: "local", listen: "8080", to: "web:80" },
      { kind: "remote", listen: "9000", to: "localhost:3000" },
      { kind: "dynamic", listen: "1080", to: null },
    ]);
    expect(plansOf(plans.map(planText).join(", "))).toEqual(plans);
  });

  it("that are none are left out", () => {
    expect(plansOf("")).toEqual([]);
    expect(plansOf("L 8080, D 1 2, X 1 2, L 1 a:2 b:3")).toEqual([]);
  });

  it("mean the same with and without the loopback interface", () => {
    const keys = (text: string) => plansOf(text).map(planKey);
    expect(keys("L 80 a:1, L 127.0.0.1:80 a:1, L localhost:80 a:1")).toEqual(Array(3).fill("local 127.0.0.1:80 a:1"));
    expect(keys("R 80 a:1, R localhost:80 a:1")).toEqual(Array(2).fill("remote localhost:80 a:1"));
    expect(new Set(keys("L 80 a:1, R 80 a:1, L 81 a:1, L 80 a:2, L 0.0.0.0:80 a:1")).size).toBe(5);
  });
});
