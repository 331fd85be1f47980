import "../../components/browser.fixture";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { api, ApiError } from "../../api";
import type { Connection, ErrorBody } from "../../bindings";
import { library } from "../../state/library.svelte";
import { sessions } from "../../state/sessions.svelte";
import MachineTile from "./MachineTile.svelte";

vi.mock("../../host", () => ({ host: {}, Unreachable: class extends Error {} }));

const machine = {
  uid: "c1",
  name: "press-04",
  protocol: "VNC",
  host: "10.0.0.4",
  port: 5900,
  category_uid: null,
  tags: [],
  favorite: false,
  settings: {},
  last_connected: null,
  revision: 1,
} as unknown as Connection;
const onfocuslist = vi.fn();

function rename(): HTMLInputElement {
  render(MachineTile, { machine, onfocuslist });
  return screen.getByRole<HTMLInputElement>("textbox", { name: "Rename press-04" });
}

beforeEach(() => {
  library.renamingUid = machine.uid;
  vi.spyOn(api, "connection").mockResolvedValue(machine);
  onfocuslist.mockClear();
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  library.renamingUid = null;
});

describe("a tile whose machine is renamed", () => {
  it("has a field for the name, whose keys do not reach the list", async () => {
    const update = vi.spyOn(api, "updateConnection").mockResolvedValue({});
    const open = vi.spyOn(sessions, "open");
    const field = rename();
    const heard = vi.fn();
    window.addEventListener("keydown", heard);
    await fireEvent.input(field, { target: { value: "press-05" } });
    await fireEvent.keyDown(field, { key: "Enter" });
    window.removeEventListener("keydown", heard);
    await waitFor(() => expect(library.renamingUid).toBeNull());
    expect(update.mock.calls).toEqual([["c1", { name: "press-05" }, { run: expect.any(String) as unknown }]]);
    expect(onfocuslist).toHaveBeenCalledOnce();
    expect([heard.mock.calls.length, open.mock.calls.length]).toEqual([0, 0]);
  });

  it("opens no session while its name is clicked, and is not dragged", async () => {
    const open = vi.spyOn(sessions, "open");
    const field = rename();
    await fireEvent.dblClick(field);
    expect(open).not.toHaveBeenCalled();
    expect(screen.getByRole("gridcell").getAttribute("draggable")).toBe("false");
  });

  it("leaves the name with Escape", async () => {
    const update = vi.spyOn(api, "updateConnection");
    const field = rename();
    await fireEvent.input(field, { target: { value: "press-05" } });
    await fireEvent.keyDown(field, { key: "Escape" });
    await waitFor(() => expect(library.renamingUid).toBeNull());
    expect(update).not.toHaveBeenCalled();
  });

  it("keeps a name that was refused, and says why", async () => {
    const body: ErrorBody = { error_code: "VALUE_DUPLICATE", error_message: "another machine has this name", details: [] };
    vi.spyOn(api, "updateConnection").mockRejectedValue(new ApiError(400, body));
    const field = rename();
    await fireEvent.input(field, { target: { value: "lathe" } });
    await fireEvent.keyDown(field, { key: "Enter" });
    expect((await screen.findByRole("alert")).textContent).toContain("another machine has this name");
    expect([field.value, library.renamingUid]).toEqual(["lathe", "c1"]);
  });
});
