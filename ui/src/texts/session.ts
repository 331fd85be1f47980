/** Words for what a running session can be asked for. */
import type { CodecChoice, Quality } from "../bindings";
import { rdp } from "./rdp";

/** A level of quality in words; those in between have a number only. */
const LEVELS: Readonly<Record<number, string>> = { 9: "best", 6: "good", 3: "fair", 0: "smallest" };

export const asked = {
  quality: (quality: Quality) => `Quality: ${nameOf(quality).toLowerCase()}`,
  unknownQuality: "Quality",
  qualityName: nameOf,
  qualityHint: "Counts for this session. What is saved of the machine stays as it is.",
  codec: (choice: CodecChoice) => `${rdp.codec}: ${rdp.codecs[choice]}`,
  codecHint: "Counts for this session, which begins anew on the same desktop. What is saved of the machine stays as it is.",
  refused: (why: string) => `Not changed: ${why}`,
};

function nameOf(quality: Quality): string {
  if (quality === "auto") return "Automatic";
  if (quality === "lossless") return "Lossless";
  return quality in LEVELS ? `Level ${quality}, ${LEVELS[quality]}` : `Level ${quality}`;
}
