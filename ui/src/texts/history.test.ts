import { describe, expect, it } from "vitest";
import type { ChangeView } from "../bindings";
import { history } from "./history";

const summary = (about: Partial<ChangeView>): string =>
  history.summary({
    undoes: [],
    restores: null,
    count: 1,
    things: [{ kind: "connection", id: "c1", name: "press-04", action: "delete" }],
    ...about,
  });

describe("a change in a sentence", () => {
  it.each([
    [{}, "Deleted press-04"],
    [{ count: 1284 }, "Deleted press-04 and 1\u00a0283 more"],
    [{ things: [{ kind: "credentials", id: "c1", name: "press-04", action: "update" }] }, "Changed credentials of press-04"],
    [{ undoes: ["x1"], things: [{ kind: "group", id: "g1", name: "Hall 2", action: "create" }] }, "Undo: added group Hall 2"],
    [{ restores: "x1" }, "Bring back: deleted press-04"],
    [{ things: [], count: 0 }, "0 things"],
  ] satisfies [Partial<ChangeView>, string][])("%o", (about, said) => {
    expect(summary(about)).toBe(said);
  });
});

describe("one side of a field", () => {
  it.each([
    ["10.0.0.7", "10.0.0.7"],
    [5901, "5901"],
    [false, "false"],
    [["a", "b"], "a, b"],
    [[], "–"],
    ["", "–"],
    [null, "–"],
  ])("%o", (value, said) => {
    expect(history.value(value, { secret: false })).toBe(said);
  });

  it("never shows a secret", () => {
    expect(history.value("a password", { secret: true })).toBe("not shown");
  });
});
