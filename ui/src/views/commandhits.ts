/** What the command bar lists, in its order. */
import type { Connection, Group, ImportView } from "../bindings";
import { commandBar } from "../state/commandbar.svelte";
import { BESIDE, NO_FIT } from "../state/fuzzy";
import type { QuickTarget } from "../state/quick";
import { sessions } from "../state/sessions.svelte";
import { t } from "../texts";
import { go } from "./actions";
import { type CommandAction, commandActions } from "./commandactions";

export type Hit = { id: string } & (
  | { kind: "machine"; machine: Connection }
  | { kind: "group"; group: Group }
  | { kind: "tag"; tag: string }
  | { kind: "quick"; target: QuickTarget }
  | { kind: "file"; file: ImportView }
  | { kind: "action"; action: CommandAction }
);

export interface Section {
  title: string;
  hits: Hit[];
}

/** Everything the typed text finds, the part with the best fit first. */
export function commandSections(): Section[] {
  const { file, machines, groups, tags, quick, isQuickLast, words, used } = commandBar;
  if (file) return [{ title: t.rdp.file.title, hits: [{ id: "file", kind: "file", file }] }];
  const actions = commandActions(words, used);
  const parts: (Section & { fit: number })[] = [
    {
      title: t.command.machines,
      fit: machines.fit,
      hits: machines.best.map((machine) => ({ id: machine.uid, kind: "machine", machine })),
    },
    {
      title: t.command.places,
      fit: Math.min(groups.fit, tags.fit),
      hits: [
        ...groups.best.map((group): Hit => ({ id: group.group_uid, kind: "group", group })),
        ...tags.best.map((tag): Hit => ({ id: `tag-${tag}`, kind: "tag", tag })),
      ],
    },
    // An address is as good as one that is found in a machine; a name that is like it comes before it. A word comes after all.
    { title: t.command.quick, fit: isQuickLast ? NO_FIT : BESIDE, hits: quick ? [{ id: "quick", kind: "quick", target: quick }] : [] },
    { title: t.command.actions, fit: actions.fit, hits: actions.best.map((action) => ({ id: action.id, kind: "action", action })) },
  ];
  return parts.filter(({ hits }) => hits.length > 0).sort((a, b) => a.fit - b.fit);
}

/** Does what a hit stands for; addresses and files are not opened here, since that may fail. */
export function runHit(hit: Exclude<Hit, { kind: "quick" | "file" }>, isShift: boolean): void {
  switch (hit.kind) {
    case "machine":
      return sessions.open(hit.machine.uid, isShift);
    case "group":
      return go({ kind: "group", uid: hit.group.group_uid });
    case "tag":
      return go({ kind: "tag", tag: hit.tag });
    case "action":
      commandBar.use(hit.action.id);
      return hit.action.run();
  }
}
