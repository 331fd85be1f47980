import "../../components/browser.fixture";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { api, type ConnectionFields, type CredentialFields } from "../../api";
import type { Connection, Group } from "../../bindings";
import { editMachine } from "../../state/edit.svelte";
import { groups } from "../../state/groups.svelte";
import { toasts } from "../../state/toasts.svelte";
import ConnectionForm from "./ConnectionForm.svelte";

const saved = vi.hoisted((): Record<string, unknown> => ({}));
vi.mock("../../host", () => ({
  host: { request: (_: string, path: string) => Promise.resolve({ status: 200, body: saved[path] ?? {} }) },
  Unreachable: class extends Error {},
}));

const machine = {
  uid: "c1", name: "press-04", protocol: "VNC", host: "h", port: 5900, via: null, category_uid: null, tags: [], notes: "", credential: null, settings: {},
} as unknown as Connection;
const hall: Group = { group_uid: "g", name: "Hall 2", parent_uid: null, settings: {}, credential: null, count: 0, revision: 1 };
let undone: string[];

beforeEach(async () => {
  toasts.all = [];
  undone = [];
  vi.spyOn(api, "undoRun").mockImplementation((run) => {
    undone.push(run);
    return Promise.resolve({ count: 1 });
  });
  saved["/groups"] = [hall];
  saved["/connection/c1/credentials"] = { redacted: ["vnc.password"] };
  await groups.load();
  render(ConnectionForm, { machine, edit: editMachine("c1") });
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

/** Presses Undo in the only note, which is still there when the details are another machine's. */
async function takeBack(text: string): Promise<void> {
  await waitFor(() => expect(toasts.all.map((toast) => toast.text)).toEqual([text]));
  cleanup();
  toasts.all[0]?.action?.run();
}

test("a machine that is moved by its group field comes back by the note", async () => {
  const written: [string, ConnectionFields, string | undefined][] = [];
  vi.spyOn(api, "updateConnection").mockImplementation((uid, fields, options) => {
    written.push([uid, fields, options?.run]);
    return Promise.resolve({});
  });
  await fireEvent.keyDown(screen.getByLabelText("Group", { selector: "[aria-haspopup]" }), { key: "Enter" });
  await fireEvent.pointerUp(await screen.findByRole("option", { name: "Hall 2" }));
  await takeBack("Moved press-04 to Hall 2");
  expect(written).toEqual([["c1", { category_uid: "g" }, undone[0]]]);
});

test("a stored password that is forgotten comes back by the note", async () => {
  const written: [CredentialFields, string | undefined][] = [];
  vi.spyOn(api, "setCredentials").mockImplementation((_, fields, options) => {
    written.push([fields, options?.run]);
    return Promise.resolve({});
  });
  await fireEvent.click(await screen.findByRole("button", { name: "Forget" }));
  await takeBack("Password of press-04 forgotten");
  expect(written).toEqual([[{ "vnc.password": null }, undone[0]]]);
});
