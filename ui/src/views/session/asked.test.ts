import { expect, it } from "vitest";
import type { Quality } from "../../bindings";
import type { MenuEntry } from "../../components/menu";
import { codecEntries, qualityEntries } from "./asked";

const shown = (entries: MenuEntry[]): string[] =>
  entries.flatMap((entry) => (entry.kind === "toggle" ? [`${entry.isOn ? "*" : ""}${entry.label}`] : []));

it("marks the quality of now, also one that is not offered otherwise", () => {
  const offered = ["Automatic", "Lossless", "Level 9, best", "Level 6, good", "Level 3, fair", "Level 0, smallest"];
  expect(shown(qualityEntries(null, () => undefined))).toEqual(offered);
  expect(shown(qualityEntries("auto", () => undefined))).toEqual(offered.with(0, "*Automatic"));
  expect(shown(qualityEntries(0, () => undefined))).toEqual(offered.with(5, "*Level 0, smallest"));
  expect(shown(qualityEntries(5, () => undefined))).toEqual(offered.toSpliced(4, 0, "*Level 5"));
});

it("asks for what is chosen", () => {
  const chosen: Quality[] = [];
  for (const entry of qualityEntries("auto", (quality) => chosen.push(quality))) if (entry.kind === "toggle") entry.run();
  expect(chosen).toEqual(["auto", "lossless", 9, 6, 3, 0]);
});

it("offers RDP machines encodings instead", () => {
  expect(shown(codecEntries("h264", () => undefined))).toEqual(["Automatic", "*H.264", "RemoteFX", "Bitmaps, exact"]);
});
