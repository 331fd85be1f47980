import { beforeEach, describe, expect, it, vi } from "vitest";
import { commandBar, MAX_WAITING } from "./commandbar.svelte";
import { file } from "./rdpfile.fixture";

// The layout asks for the screen's width, which there is none of here.
vi.mock("./layout.svelte", () => ({ layout: {} }));

const shown = (): [string | null, number] => [commandBar.file?.host ?? null, commandBar.waiting.length];

beforeEach(() => {
  while (commandBar.isOpen) commandBar.close();
});

describe("files in the command bar", () => {
  it("are shown one after the other, as it is closed", () => {
    for (const host of ["a", "b", "c"]) expect(commandBar.openFile(file(host))).toBe(true);
    const seen = [];
    while (commandBar.isOpen) {
      seen.push([...shown(), commandBar.text]);
      commandBar.close();
    }
    expect(seen).toEqual([
      ["a", 2, "rdp://a"],
      ["b", 1, "rdp://b"],
      ["c", 0, "rdp://c"],
    ]);
  });

  it("wait also while something else is typed over the one that is shown", () => {
    for (const host of ["a", "b"]) commandBar.openFile(file(host));
    commandBar.file = null;
    commandBar.openFile(file("c"));
    expect(shown()).toEqual([null, 2]);
    commandBar.close();
    expect(shown()).toEqual(["b", 1]);
  });

  it("take the place of what is typed, and are refused when too many wait", () => {
    commandBar.open();
    commandBar.text = "typed";
    commandBar.openFile(file("a"));
    expect(commandBar.text).toBe("rdp://a");
    for (let each = 0; each < MAX_WAITING; each++) expect(commandBar.openFile(file("b"))).toBe(true);
    expect(commandBar.openFile(file("c"))).toBe(false);
  });
});
