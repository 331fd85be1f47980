import "../components/browser.fixture";
import { cleanup, fireEvent, render, screen } from "@testing-library/svelte";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { ImportView } from "../bindings";
import { commandBar } from "../state/commandbar.svelte";
import { file } from "../state/rdpfile.fixture";
import CommandBar from "./CommandBar.svelte";

vi.mock("../host", () => ({
  host: { request: () => new Promise(() => undefined), fullScreen: { watch: () => undefined } },
  Unreachable: class extends Error {},
}));

const opened: string[] = [];
vi.mock("../state/rdpfiles", () => ({
  connectTo: ({ host }: ImportView) => {
    opened.push(host);
    return Promise.resolve();
  },
}));

beforeEach(() => {
  while (commandBar.isOpen) commandBar.close();
  opened.length = 0;
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

it("goes on to the next file by no key that is held", async () => {
  commandBar.openFile(file("a"));
  commandBar.openFile(file("b"));
  render(CommandBar);
  const field = await screen.findByRole("combobox");
  for (let times = 0; times < 3; times += 1) await fireEvent.keyDown(field, { key: "Enter", repeat: true });
  await fireEvent.keyDown(field, { key: "Enter", ctrlKey: true, repeat: true });
  expect([opened, commandBar.file?.host, commandBar.waiting.length]).toEqual([[], "a", 1]);
  await fireEvent.keyDown(field, { key: "Enter", ctrlKey: true });
  await vi.waitFor(() => expect(commandBar.file?.host).toBe("b"));
  expect(opened).toEqual(["a"]);
});
