import { expect, test } from "vitest";
import type { Graphics } from "../host";
import { aboutRows, report } from "./about";

const version = { name: "Farwire", version: "0.1.0", commit: "0123456789ab", api: 1, instance: "i_1" };
const about = { data_folder: "/home/ada/data", renderer: "no_device", webkit: "2.50.6", desktop: "", system: "Debian x86_64" } as const;

const graphics: Graphics = { way: "top", render_node: null, has_dmabuf: false, is_transparent: null, is_x11: true, choice: "auto" };

test("what nobody knows is left out", () => {
  expect(aboutRows(null, null, null)).toEqual([]);
  const { commit: _, ...unknown } = version;
  expect(aboutRows(unknown, null, null).map(([name]) => name)).toEqual(["Version", "API", "Instance"]);
});

test("a report says everything, why graphics are as they are too", () => {
  expect(report(aboutRows(version, about, graphics), "Agent/1.0").split("\n")).toEqual([
    "Farwire",
    "Version: 0.1.0",
    "Commit: 0123456789ab",
    "API: 1",
    "Graphics: In memory: there is no graphics device",
    "Remote screens: On the desktop's own surface, over the page",
    "Because: no graphics device; DMABUF off, so the page hides what lies under it; chosen: Automatic",
    "WebKitGTK: 2.50.6",
    "System: Debian x86_64",
    "Data folder: /home/ada/data",
    "Instance: i_1",
    "Browser: Agent/1.0",
  ]);
});

test.each([
  [{ way: "under", render_node: "renderD128", has_dmabuf: true, is_transparent: true }, "graphics device renderD128; DMABUF on; the page shows what lies under it; chosen: Automatic"],
  [{ has_dmabuf: true, is_transparent: false, choice: "native" }, "no graphics device; DMABUF on; the page hides what lies under it; chosen: Native"],
  [{ way: "canvas", render_node: "renderD129", has_dmabuf: true, is_x11: false }, "graphics device renderD129; DMABUF on; what the page hides was not tried; the desktop is not X11; chosen: Automatic"],
  [{ way: "canvas", choice: "safe" }, "no graphics device; DMABUF off, so the page hides what lies under it; chosen: Safe"],
] as const)("why remote screens are drawn as they are: %o", (told, reason) => {
  expect(aboutRows(version, about, { ...graphics, ...told })).toContainEqual(["Because", reason]);
});
