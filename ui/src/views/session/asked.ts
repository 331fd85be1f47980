/** What a running session can be asked for, as lines of a menu. */
import type { CodecChoice, Quality } from "../../bindings";
import type { MenuEntry } from "../../components/menu";
import { t } from "../../texts";

/** The choices a person needs in the midst of work; the details of a machine have all ten levels. */
const OFFERED: readonly Quality[] = ["auto", "lossless", 9, 6, 3, 0];
const CODECS: readonly CodecChoice[] = ["auto", "h264", "remotefx", "bitmaps"];

export function qualityEntries(now: Quality | null, choose: (quality: Quality) => void): MenuEntry[] {
  // A level that a script or the details chose stands where it belongs.
  const others = now === null || OFFERED.includes(now) ? [] : [now];
  const all = [...OFFERED, ...others].sort((a, b) => rank(a) - rank(b));
  return [
    ...all.map(
      (quality): MenuEntry => ({ kind: "toggle", label: t.asked.qualityName(quality), isOn: quality === now, run: () => choose(quality) }),
    ),
    { kind: "hint", label: t.asked.qualityHint },
  ];
}

export function codecEntries(now: CodecChoice | null, choose: (choice: CodecChoice) => void): MenuEntry[] {
  return [
    ...CODECS.map((choice): MenuEntry => ({ kind: "toggle", label: t.rdp.codecs[choice], isOn: choice === now, run: () => choose(choice) })),
    { kind: "hint", label: t.asked.codecHint },
  ];
}

/** Automatic first, then the best. */
function rank(quality: Quality): number {
  if (quality === "auto") return -2;
  return quality === "lossless" ? -1 : 9 - quality;
}
