import "../components/browser.fixture";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { api, ApiError, type GroupFields } from "../api";
import type { Group } from "../bindings";
import { groups } from "../state/groups.svelte";
import { layout } from "../state/layout.svelte";
import { toasts } from "../state/toasts.svelte";
import { DRAG_TYPE } from "./drag";
import GroupTree from "./GroupTree.svelte";

const answer = vi.hoisted(() => ({ status: 200, body: null as unknown }));
vi.mock("../host", () => ({
  host: { kind: "browser", request: () => Promise.resolve({ ...answer }) },
  Unreachable: class extends Error {},
}));

const group = (uid: string, name: string, parent: string | null): Group =>
  ({ group_uid: uid, name, parent_uid: parent, settings: {}, credential: null, count: 0, revision: 1 });
let moved: [string, GroupFields][];

beforeEach(async () => {
  toasts.all = [];
  moved = [];
  Object.assign(answer, { status: 200, body: [group("g_1", "Plant", null), group("g_2", "Hall", "g_1"), group("g_3", "Yard", null)] });
  groups.clear();
  await groups.load();
  layout.setOpen("g_1", true);
  vi.spyOn(api, "updateGroup").mockImplementation((uid, fields) => {
    moved.push([uid, fields]);
    return Promise.resolve({});
  });
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

function open(): void {
  const scroller = document.createElement("div");
  // jsdom lays nothing out: as high as all rows.
  scroller.getBoundingClientRect = () => ({ top: 0, height: 600 }) as DOMRect;
  render(GroupTree, { scroller });
}
const row = (name: string): HTMLElement => screen.getByRole("treeitem", { name: `${name}, 0` });

/** What a browser hands from one row to the next. Tells whether the row took it while it was over it. */
async function drag(from: string, to: string): Promise<boolean> {
  const data = new Map<string, string>();
  const dataTransfer = {
    get types() {
      return [...data.keys()];
    },
    setData: (type: string, text: string) => data.set(type, text),
    getData: (type: string) => data.get(type) ?? "",
  };
  await fireEvent.dragStart(row(from), { dataTransfer });
  expect(data.has(DRAG_TYPE)).toBe(true);
  const isTarget = !(await fireEvent.dragOver(row(to), { dataTransfer }));
  expect(row(to).dataset["drop"] !== undefined).toBe(isTarget);
  await fireEvent.drop(row(to), { dataTransfer });
  await fireEvent.dragEnd(row(from));
  return isTarget;
}

describe("a group that is dragged", () => {
  it("goes into another one, with a way back", async () => {
    open();
    expect(await drag("Hall", "Yard")).toBe(true);
    await waitFor(() => expect(toasts.all.map(({ text }) => text)).toEqual(["Moved Hall to Yard"]));
    expect(moved).toEqual([["g_2", { parent_uid: "g_3" }]]);
  });

  it.each([["Plant", "Hall"], ["Plant", "Plant"], ["Hall", "Plant"]])("%s has no place on %s", async (from, to) => {
    open();
    expect(await drag(from, to)).toBe(false);
    expect([moved, screen.queryByRole("alert")]).toEqual([[], null]);
  });
});

it("a refusal names groups as people do, and is gone with the next action", async () => {
  const message = "group g_2 cannot lie inside g_3, nor inside g_gone";
  vi.spyOn(api, "updateGroup").mockRejectedValue(new ApiError(400, { error_code: "BAD_REQUEST", error_message: message, details: [] }));
  open();
  await drag("Hall", "Yard");
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toBe("group “Hall” cannot lie inside “Yard”, nor inside a group that is gone");
  await fireEvent.pointerDown(document.body);
  expect(screen.queryByRole("alert")).toBeNull();
});

describe("groups that are not there", () => {
  it("say that they are being read", () => {
    groups.clear();
    open();
    expect(screen.getByRole("status", { name: "Reading the groups" })).toBeTruthy();
  });

  it("say why they could not be read, and are read again", async () => {
    groups.clear();
    Object.assign(answer, { status: 503, body: { error_code: "DATABASE_ERROR", error_message: "the store is busy", details: [] } });
    await groups.load();
    open();
    expect(screen.getByRole("alert").textContent).toContain("the store is busy");
    Object.assign(answer, { status: 200, body: [group("g_1", "Plant", null)] });
    await fireEvent.click(screen.getByRole("button", { name: "Try again" }));
    await waitFor(() => expect(row("Plant")).toBeTruthy());
    expect(screen.queryByRole("alert")).toBeNull();
  });
});
