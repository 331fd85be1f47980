import type { Quality } from "../../bindings";
import type { Choice } from "../../components/choices";
import type { SettingValue } from "../../state/inheritance";
import { shared } from "../../state/shared.svelte";
import type { SettingKey, Wish, WishKey } from "../../state/wishes";
import { t } from "../../texts";

const levels = (name: (level: number) => string): Choice[] =>
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
export const COMPRESSIONS = [{ value: "auto", label: t.inspector.compressionAuto }, ...levels(t.inspector.compressionLevel)];

/** The setting a choice of compression stands for. */
export function readCompression(value: string): "auto" | number {
  return value === "auto" ? value : Number(value);
}

/** The setting a choice of quality stands for; none for automatic. */
export function readQuality(value: string): Quality | null {
  if (value === "") return null;
  return value === "lossless" ? value : Number(value);
}

function wordOf(options: Choice[], value: string): string {
  return options.find((option) => option.value === value)?.label ?? value;
}

const named = (names: Readonly<Record<string, string>>): Choice[] => Object.entries(names).map(([value, label]) => ({ value, label }));

/** What can be chosen for settings that are not just on or off. */
export const CHOICES: Readonly<Partial<Record<WishKey, Choice[]>>> = {
  "vnc.quality": QUALITIES,
  "vnc.colours": COLOURS,
  "vnc.compression": COMPRESSIONS,
  "rdp.security": named(t.rdp.securities),
  "rdp.colours": named(t.rdp.colourNames),
  "rdp.codec": named(t.rdp.codecs),
  "rdp.keyboard": [{ value: "", label: t.rdp.ownKeyboard }, ...named(t.rdp.keyboards)],
  "rdp.effects": named(t.rdp.effectNames),
};

/** The option that stands for a value. */
export function optionOf(key: SettingKey, value: SettingValue): string {
  return key === "vnc.quality" && value === "auto" ? "" : String(value);
}

/** What is wished by an option; `null` where it has no word, so that nothing is said. */
export function wishOf(key: SettingKey, option: string): Wish {
  switch (key) {
    case "vnc.quality":
      return readQuality(option) ?? "auto";
    case "vnc.compression":
      return readCompression(option);
    default:
      if (CHOICES[key]) return option === "" ? null : option;
      return option === "true";
  }
}

/** A value of a setting, or of the shared credentials, as people read it. */
export function wordsOf(key: WishKey, value: SettingValue): string {
  if (key === "credential") return value === "" ? t.shared.own : shared.name(String(value));
  const choices = CHOICES[key];
  if (choices) return wordOf(choices, optionOf(key, value));
  return value === true ? t.common.on : t.common.off;
}
