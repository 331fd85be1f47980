import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Group } from "../bindings";
import { groups } from "./groups.svelte";
import { inheritedCredential, inheritedSetting } from "./inheritance";

function group(uid: string, parent: string | null, said: Partial<Group>): Group {
  return { group_uid: uid, name: uid, parent_uid: parent, settings: {}, credential: null, count: 0, revision: 1, ...said };
}

const all = [
  group("plant", null, { credential: "k_1", settings: { "vnc.shared": false, "vnc.quality": 3 } }),
  group("hall", "plant", { settings: { "vnc.quality": 5 } }),
  group("left", "right", {}),
  group("right", "left", {}),
];

beforeEach(() => {
  vi.spyOn(groups, "get").mockImplementation((uid) => all.find(({ group_uid }) => group_uid === uid) ?? null);
});

describe("inheritance", () => {
  it("is of the nearest group that says something", () => {
    expect(inheritedSetting("hall", "vnc.quality")).toMatchObject({ value: 5, group: { name: "hall" } });
    expect(inheritedSetting("plant", "vnc.quality")).toMatchObject({ value: 3, group: { name: "plant" } });
    expect(inheritedCredential("hall")).toMatchObject({ value: "k_1", group: { name: "plant" } });
  });

  it("takes a word that is false for a word", () => {
    expect(inheritedSetting("hall", "vnc.shared")).toMatchObject({ value: false });
  });

  it("is nothing without a group, with an unknown one, and in a circle", () => {
    for (const uid of [null, "gone", "left"]) expect(inheritedSetting(uid, "vnc.shared")).toBeNull();
  });
});
