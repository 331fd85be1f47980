import "../../components/browser.fixture";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { api, type ConnectionFields } from "../../api";
import type { Connection, Group } from "../../bindings";
import { connections } from "../../state/connections.svelte";
import { groups } from "../../state/groups.svelte";
import { shared } from "../../state/shared.svelte";
import ManyDetails from "./ManyDetails.svelte";

const saved = vi.hoisted((): Record<string, unknown> => ({}));
vi.mock("../../host", () => ({
  host: { request: (_: string, path: string) => Promise.resolve({ status: 200, body: saved[path] }) },
  Unreachable: class extends Error {},
}));

const group = (uid: string, name: string, said: Partial<Group>): Group =>
  ({ group_uid: uid, name, parent_uid: null, settings: {}, credential: null, count: 0, revision: 1, ...said });
const machine = (uid: string, about: Partial<Connection> = {}): Connection =>
  ({
    uid,
    name: `machine ${uid}`,
    protocol: "VNC",
    host: "10.0.0.4",
    port: 5900,
    via: null,
    category_uid: "g_hall",
    tags: [],
    favorite: false,
    notes: "",
    credential: null,
    credential_withheld: false,
    settings: {},
    revision: 1,
    ...about,
  }) as Connection;

/** As the API answers: what differs of what is written down. */
function dryRun(list: Connection[]): (uid: string, fields: ConnectionFields) => Promise<never> {
  return (uid, written) => {
    const one = list.find((each) => each.uid === uid);
    const fields = Object.entries(written)
      .map(([key, to]) => ({ key, from: (key.includes(".") ? one?.settings[key] : one?.[key as "name"]) ?? null, to, secret: false }))
      .filter(({ from, to }) => from !== to);
    const changes = fields.length === 0 ? [] : [{ kind: "connection", id: uid, name: one?.name, action: "update", fields }];
    return Promise.resolve({ changes } as never);
  };
}

let written: [string, ConnectionFields][];

beforeEach(async () => {
  saved["/groups"] = [
    group("g_hall", "Hall 2", { settings: { "vnc.colours": "high", "vnc.view_only": true }, credential: "k_1" }),
    group("g_yard", "Yard", { settings: { "vnc.colours": "low" } }),
  ];
  saved["/credentials"] = [
    { credential_uid: "k_1", name: "Line operators" },
    { credential_uid: "k_2", name: "Hall keys" },
  ];
  await Promise.all([groups.load(), shared.load()]);
  written = [];
  vi.spyOn(api, "updateConnection").mockImplementation((uid, fields) => {
    written.push([uid, fields]);
    return Promise.resolve({});
  });
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

function open(list: Connection[]): void {
  vi.spyOn(api, "previewConnection").mockImplementation(dryRun(list));
  render(ManyDetails, { list });
}
const shown = (label: string): string => screen.getByLabelText(label, { selector: "[aria-haspopup]" }).textContent?.trim() ?? "";
async function choose(label: string, option: string): Promise<void> {
  await fireEvent.keyDown(screen.getByLabelText(label, { selector: "[aria-haspopup]" }), { key: "Enter" });
  const item = await screen.findByRole("option", { name: option });
  await fireEvent.pointerUp(item);
  await waitFor(() => expect(screen.queryByRole("option")).toBeNull());
}
async function review(): Promise<string[]> {
  await fireEvent.click(screen.getByRole("button", { name: "Review changes" }));
  await screen.findByRole("button", { name: "Go on editing" });
  return screen.queryAllByRole("row").map((row) => [...row.children].map((cell) => cell.textContent).join(" | "));
}

describe("machines whose groups say something", () => {
  it("show what they take over, and from where", () => {
    open([machine("a"), machine("b")]);
    expect([shown("Colours"), shown("Begin observing"), shown("Credentials")]).toEqual(["65,536 (16 bits)", "Yes", "Line operators"]);
    expect(screen.getAllByText("From Hall 2")).toHaveLength(3);
    expect([shown("Quality"), shown("Compression"), shown("Shared"), shown("Resize to the window")]).toEqual([
      "Automatic, as the link carries",
      "Automatic, by the quality",
      "Yes",
      "No",
    ]);
  });

  it("are mixed where their groups differ", () => {
    open([machine("a"), machine("b", { category_uid: "g_yard" })]);
    expect([shown("Colours"), shown("Begin observing"), shown("Credentials")]).toEqual(["Mixed", "Mixed", "Mixed"]);
    expect(screen.getByText("From several groups")).toBeTruthy();
    expect(screen.getAllByText("From groups in 1 of 2")).toHaveLength(2);
  });

  it("do the usual once it is chosen, and the review says what changes in which", async () => {
    open([machine("a"), machine("b", { settings: { "vnc.colours": "full" } })]);
    expect(shown("Colours")).toBe("Mixed");
    await choose("Colours", "All");
    expect(shown("Colours")).toBe("All");
    const rows = await review();
    expect(screen.getByRole("heading", { name: "1 machine would change" })).toBeTruthy();
    expect(rows.at(-1)).toBe("Colours | 65,536 (16 bits), from Hall 2 | All");
    await fireEvent.click(screen.getByRole("button", { name: "Change 1 machine" }));
    await waitFor(() => expect(written).toEqual([["a", { "vnc.colours": "full" }]]));
  });

  it("go back to what the groups say", async () => {
    open([machine("a", { settings: { "vnc.colours": "low" } }), machine("b")]);
    await fireEvent.click(screen.getByRole("button", { name: "Use it for Colours" }));
    expect(shown("Colours")).toBe("65,536 (16 bits)");
    expect((await review()).at(-1)).toBe("Colours | 256 (8 bits) | 65,536 (16 bits), from Hall 2");
  });

  it("would not change where they do already what is chosen", async () => {
    open([machine("a"), machine("b")]);
    await choose("Colours", "65,536 (16 bits)");
    await review();
    expect(screen.getByRole("heading", { name: "Nothing would change" })).toBeTruthy();
    expect(api.previewConnection).not.toHaveBeenCalled();
  });

  it("tell what they take over from the group they are moved to", async () => {
    open([machine("a"), machine("b")]);
    await choose("Group", "Yard");
    const rows = await review();
    expect(rows).toContain("Colours | 65,536 (16 bits), from Hall 2 | 256 (8 bits), from Yard");
    expect(rows).toContain("Begin observing | on, from Hall 2 | off");
    expect(rows).toContain("Credentials | Line operators, from Hall 2 | Own");
  });

  it("take settings of RDP, and are taken through another machine", async () => {
    saved["/groups"] = [group("g_hall", "Hall 2", { settings: { "rdp.keyboard": "de", "rdp.clipboard": false } })];
    saved["/connections"] = [machine("gate", { name: "gate", protocol: "SSH" })];
    await Promise.all([groups.load(), connections.load()]);
    const rdp = { protocol: "RDP", port: 3389 } as const;
    open([machine("a", rdp), machine("b", { ...rdp, settings: { "rdp.keyboard": "fr", "rdp.codec": "bitmaps" } })]);
    expect([shown("Keyboard"), shown("Codec"), shown("Share the clipboard"), shown("Goes through")]).toEqual(["Mixed", "Mixed", "No", "Directly"]);
    expect(screen.queryByLabelText("Compression", { selector: "[aria-haspopup]" })).toBeNull();
    await choose("Keyboard", "As on this computer");
    expect(shown("Keyboard")).toBe("German");
    await choose("Codec", "Automatic");
    await choose("Share the clipboard", "Yes");
    await choose("Goes through", "gate");
    const rows = await review();
    expect(rows).toContain("Codec | Bitmaps, exact | Automatic");
    expect(rows).toContain("Keyboard | French | German, from Hall 2");
    expect(rows).toContain("Share the clipboard | off, from Hall 2 | on");
    expect(rows).toContain("Goes through | – | gate");
    await fireEvent.click(screen.getByRole("button", { name: "Change 2 machines" }));
    const both = { via: "gate", "rdp.clipboard": true };
    await waitFor(() => expect(written).toEqual([["a", both], ["b", { ...both, "rdp.keyboard": null, "rdp.codec": null }]]));
  });

  it("take settings of SSH", async () => {
    open([machine("a", { protocol: "SSH", settings: { "ssh.agent": false } }), machine("b", { protocol: "SSH" })]);
    expect([shown("Offer the agent’s keys"), shown("Keep a log of each shell")]).toEqual(["Mixed", "No"]);
    await choose("Offer the agent’s keys", "Yes");
    await choose("Keep a log of each shell", "Yes");
    await review();
    await fireEvent.click(screen.getByRole("button", { name: "Change 2 machines" }));
    await waitFor(() => expect(written).toEqual([["a", { "ssh.agent": null, "ssh.log": true }], ["b", { "ssh.log": true }]]));
  });

  it("of several kinds have no settings in common", () => {
    open([machine("a"), machine("b", { protocol: "RDP" })]);
    expect(screen.queryByLabelText("Colours", { selector: "[aria-haspopup]" })).toBeNull();
    expect(shown("Protocol")).toBe("Mixed");
  });

  it("take other settings and credentials", async () => {
    open([machine("a"), machine("b")]);
    await choose("Begin observing", "No");
    await choose("Compression", "9, smallest");
    await choose("Credentials", "Hall keys");
    await review();
    await fireEvent.click(screen.getByRole("button", { name: "Change 2 machines" }));
    const fields = { "vnc.view_only": false, "vnc.compression": 9, credential: "k_2" };
    await waitFor(() => expect(written).toEqual([["a", fields], ["b", fields]]));
  });
});
