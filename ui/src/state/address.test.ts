import { expect, it } from "vitest";
import { followsWindow } from "./address";

it.each([
  ["VNC", {}, false],
  ["VNC", { "vnc.resize": true }, true],
  ["RDP", {}, true],
  ["RDP", { "rdp.width": 800 }, true],
  ["RDP", { "rdp.width": 800, "rdp.height": 600 }, false],
  ["RDP", { "rdp.width": 800, "rdp.height": 600, "rdp.resize": true }, true],
  ["RDP", { "rdp.resize": false, "vnc.resize": true }, false],
] as const)("a %s machine with %o takes the size of its tab: %s", (protocol, settings, expected) => {
  expect(followsWindow({ protocol, settings })).toBe(expected);
});

it("nothing follows while the machine is not known", () => expect(followsWindow(null)).toBe(false));
