import "../../components/browser.fixture";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ConnectionFields } from "../../api";
import type { Connection, Group } from "../../bindings";
import { connections } from "../../state/connections.svelte";
import { editMachine } from "../../state/edit.svelte";
import { groups } from "../../state/groups.svelte";
import DisplayForm from "./DisplayForm.svelte";

vi.mock("../../host", () => ({ host: {}, Unreachable: class extends Error {} }));

const hall = { group_uid: "g", name: "Hall 2", parent_uid: null, settings: { "vnc.compression": 9 } } as unknown as Group;
let written: ConnectionFields[];

function open(category_uid: string | null, settings: Connection["settings"] = {}): void {
  const machine = { uid: "c", category_uid, settings } as Connection;
  vi.spyOn(connections, "get").mockReturnValue(machine);
  render(DisplayForm, { thing: machine, edit: editMachine("c"), parent: category_uid });
}
const compression = (): HTMLElement => screen.getByLabelText("Compression", { selector: "[aria-haspopup]" });
async function choose(option: string): Promise<void> {
  await fireEvent.keyDown(compression(), { key: "Enter" });
  await fireEvent.pointerUp(await screen.findByRole("option", { name: option }));
}

beforeEach(() => {
  written = [];
  vi.spyOn(groups, "get").mockImplementation((uid) => (uid === "g" ? hall : null));
  vi.spyOn(connections, "update").mockImplementation((_, fields) => {
    written.push(fields);
    return Promise.resolve(() => undefined);
  });
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

describe("compression", () => {
  it("is automatic until a level is chosen", async () => {
    open(null);
    expect(compression().textContent).toContain("Automatic, by the quality");
    await choose("0, least work");
    await waitFor(() => expect(written).toEqual([{ "vnc.compression": 0 }]));
  });

  it("goes back to automatic", async () => {
    open(null, { "vnc.compression": 4 });
    expect(compression().textContent).toContain("4");
    await choose("Automatic, by the quality");
    await waitFor(() => expect(written).toEqual([{ "vnc.compression": null }]));
  });

  it("is the group's, which the machine can override", async () => {
    open("g");
    expect(compression().textContent).toContain("9, smallest");
    expect(screen.getByText("From Hall 2")).toBeTruthy();
    await choose("3");
    await waitFor(() => expect(written).toEqual([{ "vnc.compression": 3 }]));
  });

  it("is automatic whatever the group says", async () => {
    open("g");
    await choose("Automatic, by the quality");
    await waitFor(() => expect(written).toEqual([{ "vnc.compression": "auto" }]));
    cleanup();
    open("g", { "vnc.compression": "auto" });
    expect(compression().textContent).toContain("Automatic, by the quality");
    expect(screen.getByText("Group says 9, smallest")).toBeTruthy();
  });

  it("takes the group's word again", async () => {
    open("g", { "vnc.compression": 3 });
    expect(screen.getByText("Group says 9, smallest")).toBeTruthy();
    await fireEvent.click(screen.getByRole("button", { name: /^Use/ }));
    await waitFor(() => expect(written).toEqual([{ "vnc.compression": null }]));
  });
});
