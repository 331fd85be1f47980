/** Things to choose one of. */
export interface Choice {
  value: string;
  label: string;
  /** Levels below the first, for trees. */
  depth?: number;
  /** Where it lies in a tree, in words. */
  above?: string;
}

/** More than these are not drawn as a menu: they come with a filter, and only those in sight are drawn. */
export const MANY_CHOICES = 60;

/** The choices that have every word of a text in their label or above it. */
export function choicesFor(text: string, choices: readonly Choice[]): readonly Choice[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return choices;
  return choices.filter(({ label, above = "" }) => {
    const whole = `${above} / ${label}`.toLowerCase();
    return words.every((word) => whole.includes(word));
  });
}
