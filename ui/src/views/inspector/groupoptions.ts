import { groups } from "../../state/groups.svelte";
import { t } from "../../texts";

/** Every group as a choice, in the order and depth of the tree; the empty value is no group. */
export function groupOptions(): { value: string; label: string; depth: number }[] {
  const rows = groups.rows(() => true);
  return [
    { value: "", label: t.groups.none, depth: 0 },
    ...rows.map(({ group, depth }) => ({ value: group.group_uid, label: group.name, depth })),
  ];
}
