/** Choosing a group, in fields and menus. */
import { type Choice, MANY_CHOICES } from "../components/choices";
import type { MenuAction, MenuEntry } from "../components/menu";
import { groups } from "../state/groups.svelte";
import { picking } from "../state/picking.svelte";
import { t } from "../texts";

/** Every group as a choice, in the order and depth of the tree. */
export function groupChoices(): Choice[] {
  return groups.choices.map(({ uid, name, depth, above }) => ({ value: uid, label: name, depth, above }));
}

/** The same with the empty value, which is no group. */
export function groupOptions(): Choice[] {
  return [{ value: "", label: t.groups.none }, ...groupChoices()];
}

export interface Move extends Pick<MenuAction, "label" | "icon"> {
  choices: readonly Choice[];
  /** Where it is now; null where that differs. */
  value: string | null;
  to: (value: string) => void;
}

/** Where something can be moved to: a menu, or a question with a filter where there are many groups. */
export function moveEntry({ label, icon, choices, value, to }: Move): MenuEntry {
  const look = icon ? { label, icon } : { label };
  if (choices.length > MANY_CHOICES) {
    return { ...look, label: `${label}…`, run: () => picking.ask({ title: label, choices, value, pick: to }) };
  }
  return {
    ...look,
    kind: "branch",
    items: choices.map((choice) => ({
      label: choice.above ? `${choice.above} / ${choice.label}` : choice.label,
      isDisabled: choice.value === value,
      run: () => to(choice.value),
    })),
  };
}
