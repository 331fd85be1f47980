import type { Quality } from "../../bindings";
import type { SettingValue } from "../../state/inheritance";
import { shared } from "../../state/shared.svelte";
import type { WishKey } from "../../state/wishes";
import { t } from "../../texts";

const levels = (name: (level: number) => string): { value: string; label: string }[] =>
  Array.from({ length: 10 }, (_, level) => ({ value: String(level), label: name(level) }));

/** What can be chosen for the quality of pictures; the empty value is automatic. */
export const QUALITIES = [
  { value: "", label: t.inspector.qualityAuto },
  { value: "lossless", label: t.inspector.qualityLossless },
  ...levels(t.inspector.qualityLevel),
];

/** What can be chosen for the number of colours. */
export const COLOURS = (["full", "high", "low", "mapped", "server"] as const).map((value) => ({
  value,
  label: t.inspector.colourNames[value],
}));

/** What can be chosen for the machine's effort to make pictures small. */
export const COMPRESSIONS = levels(t.inspector.compressionLevel);

/** The setting a choice of quality stands for; none for automatic. */
export function readQuality(value: string): Quality | null {
  if (value === "") return null;
  return value === "lossless" ? value : Number(value);
}

function wordOf(options: { value: string; label: string }[], value: string): string {
  return options.find((option) => option.value === value)?.label ?? value;
}

/** A value of a setting, or of the shared credentials, as people read it. */
export function wordsOf(key: WishKey, value: SettingValue): string {
  switch (key) {
    case "credential":
      return value === "" ? t.shared.own : shared.name(String(value));
    case "vnc.quality":
      return wordOf(QUALITIES, value === "auto" ? "" : String(value));
    case "vnc.colours":
      return wordOf(COLOURS, String(value));
    case "vnc.compression":
      return value === "" ? t.inspector.compressionAuto : wordOf(COMPRESSIONS, String(value));
    default:
      return value === true ? t.common.on : t.common.off;
  }
}
