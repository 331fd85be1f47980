import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Connection, Group } from "../bindings";
import { groups } from "./groups.svelte";
import { fieldsFor, originOf, Reader, type Wishes } from "./wishes";

vi.mock("../host", () => ({ host: {}, Unreachable: class extends Error {} }));

const group = (uid: string, said: Partial<Group>): Group =>
  ({ group_uid: uid, name: uid, parent_uid: null, settings: {}, credential: null, count: 0, revision: 1, ...said });
const all = [group("hall", { settings: { "vnc.colours": "high", "vnc.shared": false }, credential: "k_1" }), group("yard", {})];
const machine = (about: Partial<Connection> = {}): Connection =>
  ({ uid: "c", category_uid: null, settings: {}, credential: null, credential_withheld: false, ...about }) as Connection;

beforeEach(() => {
  vi.spyOn(groups, "get").mockImplementation((uid) => all.find((one) => one.group_uid === uid) ?? null);
});

describe("what is written of a machine so that it does what is wished", () => {
  const inHall = { category_uid: "hall" };
  it.each<[string, Wishes, Partial<Connection>, object]>([
    ["the usual, over a group", { "vnc.colours": "full" }, inHall, { "vnc.colours": "full" }],
    ["the usual, without a group", { "vnc.colours": "full" }, { settings: { "vnc.colours": "low" } }, { "vnc.colours": null }],
    ["the usual, where it is so", { "vnc.colours": "full" }, {}, {}],
    ["what the group says already", { "vnc.colours": "high" }, inHall, {}],
    ["another value", { "vnc.colours": "low", "vnc.compression": 6 }, inHall, { "vnc.colours": "low", "vnc.compression": 6 }],
    ["no is a word too", { "vnc.shared": true }, inHall, { "vnc.shared": true }],
    ["what the group says, instead of its own", { "vnc.colours": null }, { ...inHall, settings: { "vnc.colours": "low" } }, { "vnc.colours": null }],
    ["what the group says, where it says nothing itself", { "vnc.colours": null }, inHall, {}],
    ["credentials", { credential: "k_2" }, inHall, { credential: "k_2" }],
    ["the group's credentials", { credential: "k_1" }, inHall, {}],
    ["credentials that wait to be chosen again", { credential: "k_1" }, { ...inHall, credential_withheld: true }, { credential: "k_1" }],
  ])("%s", (_, wishes, about, fields) => {
    const one = machine(about);
    expect(fieldsFor(one, wishes, one.category_uid)).toEqual(fields);
  });

  it("goes by the group it is moved to", () => {
    const one = machine({ category_uid: "hall" });
    expect(fieldsFor(one, { "vnc.colours": "high" }, "yard")).toEqual({ "vnc.colours": "high" });
    expect(fieldsFor(one, { "vnc.colours": "full" }, "yard")).toEqual({});
  });
});

describe("where what machines do comes from", () => {
  const of = (...list: Partial<Connection>[]): unknown => {
    const reader = new Reader();
    return originOf(list.map((about) => reader.of(machine(about), "vnc.colours", about.category_uid ?? null)));
  };
  const own = { settings: { "vnc.colours": "low" } };

  it("is a group, some of them, or the machines themselves", () => {
    expect(of({}, own)).toEqual({ kind: "nobody" });
    expect(of({ category_uid: "hall" }, { category_uid: "hall" })).toEqual({ kind: "group", name: "hall" });
    expect(of({ category_uid: "hall" }, own)).toEqual({ kind: "some", count: 1, of: 2 });
    expect(of({ category_uid: "hall", ...own })).toEqual({ kind: "own", over: "high" });
    expect(of({ category_uid: "hall", ...own }, { category_uid: "yard", ...own })).toEqual({ kind: "own", over: "high" });
  });
});
