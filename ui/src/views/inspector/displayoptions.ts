import type { Quality } from "../../bindings";
import { t } from "../../texts";

/** What can be chosen for the quality of pictures; the empty value is automatic. */
export const QUALITIES = [
  { value: "", label: t.inspector.qualityAuto },
  { value: "lossless", label: t.inspector.qualityLossless },
  ...Array.from({ length: 10 }, (_, level) => ({ value: String(level), label: t.inspector.qualityLevel(level) })),
];

/** What can be chosen for the number of colours. */
export const COLOURS = (["full", "high", "low", "mapped", "server"] as const).map((value) => ({
  value,
  label: t.inspector.colourNames[value],
}));

/** The setting a choice of quality stands for; none for automatic. */
export function readQuality(value: string): Quality | null {
  if (value === "") return null;
  return value === "lossless" ? value : Number(value);
}
