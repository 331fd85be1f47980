import "../../components/browser.fixture";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Connection } from "../../bindings";
import { editMachine } from "../../state/edit.svelte";
import TestPanel from "./TestPanel.svelte";

const answers = vi.hoisted((): Record<string, { status: number; body: unknown }> => ({}));
vi.mock("../../host", () => ({
  host: {
    about: () => Promise.resolve(null),
    request: (_: string, path: string) => Promise.resolve(answers[path] ?? { status: 404, body: null }),
  },
  Unreachable: class extends Error {},
}));

const machine = { uid: "c1", name: "Press 04", protocol: "VNC", host: "press-04", port: 5900, via: null, category_uid: null, tags: [], credential: null, settings: {} } as unknown as Connection;
let copied: string[];

beforeEach(() => {
  copied = [];
  Object.defineProperty(navigator, "clipboard", {
    configurable: true,
    value: { writeText: (text: string) => Promise.resolve(void copied.push(text)) },
  });
  answers["/version"] = { status: 200, body: { version: "1.2.3", api: 1 } };
  answers["/connection/c1/credentials"] = { status: 200, body: { "vnc.username": "operator" } };
});
afterEach(cleanup);

async function copyReport(): Promise<string> {
  render(TestPanel, { machine, edit: editMachine("c1") });
  await fireEvent.click(screen.getByRole("button", { name: "Test" }));
  await fireEvent.click(await screen.findByRole("button", { name: "Copy report" }));
  await waitFor(() => expect(copied).toHaveLength(1));
  return copied[0] ?? "";
}

describe("the report of a test can be copied", () => {
  it("with the stages it went through", async () => {
    const stages = [{ stage: "connect", ok: false, ms: 12, message: "could not reach press-04 (10.0.0.4:5900) as operator" }];
    answers["/connection/c1/test"] = { status: 200, body: { ok: false, stages } };
    expect(await copyReport()).toMatch(/Version: 1\.2\.3[^]*connect \(Opening the connection\), 12 ms, FAILED: could not reach <host> \(<host>:5900\) as <user>$/);
  });

  it("with the reason why there was no test", async () => {
    answers["/connection/c1/test"] = { status: 409, body: { error_code: "MAX_LOAD", error_message: "Press 04 is tested already", details: [] } };
    expect(await copyReport()).toMatch(/Error: MAX_LOAD: <machine> is tested already$/);
  });
});
