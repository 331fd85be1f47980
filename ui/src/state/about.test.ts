import { expect, test } from "vitest";
import { aboutRows, report } from "./about";

const version = { name: "Farwire", version: "0.1.0", commit: "0123456789ab", api: 1, instance: "i_1" };
const about = { data_folder: "/home/ada/data", renderer: "no_device", webkit: "2.50.6", desktop: "", system: "Debian x86_64" } as const;

test("what nobody knows is left out", () => {
  expect(aboutRows(null, null, "canvas")).toEqual([]);
  const { commit: _, ...unknown } = version;
  expect(aboutRows(unknown, null, "canvas").map(([name]) => name)).toEqual(["Version", "API", "Instance"]);
});

test("a report says everything, why graphics are as they are too", () => {
  expect(report(aboutRows(version, about, "top"), "Agent/1.0").split("\n")).toEqual([
    "Farwire",
    "Version: 0.1.0",
    "Commit: 0123456789ab",
    "API: 1",
    "Graphics: In memory: there is no graphics device",
    "Remote screens: On the desktop's own surface, over the page",
    "WebKitGTK: 2.50.6",
    "System: Debian x86_64",
    "Data folder: /home/ada/data",
    "Instance: i_1",
    "Browser: Agent/1.0",
  ]);
});
