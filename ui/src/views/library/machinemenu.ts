import Copy from "@lucide/svelte/icons/copy";
import CopyPlus from "@lucide/svelte/icons/copy-plus";
import Eye from "@lucide/svelte/icons/eye";
import FolderInput from "@lucide/svelte/icons/folder-input";
import Pencil from "@lucide/svelte/icons/pencil";
import Play from "@lucide/svelte/icons/play";
import Star from "@lucide/svelte/icons/star";
import Trash from "@lucide/svelte/icons/trash-2";
import { ApiError } from "../../api";
import type { Connection } from "../../bindings";
import type { MenuEntry } from "../../components/menu";
import { addressOf } from "../../state/address";
import { connections } from "../../state/connections.svelte";
import { groups } from "../../state/groups.svelte";
import { library } from "../../state/library.svelte";
import { sessions } from "../../state/sessions.svelte";
import { toasts } from "../../state/toasts.svelte";
import { t } from "../../texts";

/** Writes some fields of a machine from a menu, which has no place of its own to say no. */
export async function writeFromMenu(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toasts.show(error.message);
  }
}

/** Everything that can be done with one machine. */
export function machineMenu(machine: Connection): MenuEntry[] {
  const { uid } = machine;
  const write = (fields: Parameters<typeof connections.update>[1]) => () =>
    void writeFromMenu(() => connections.update(uid, fields));
  const isOpen = sessions.tabOf(uid) !== null || sessions.runningOf(uid) !== null;
  return [
    { label: isOpen ? t.library.show : t.common.connect, icon: Play, keys: "Enter", run: () => sessions.open(uid) },
    { label: t.common.observe, icon: Eye, keys: "Shift+Enter", isDisabled: isOpen, run: () => sessions.open(uid, true) },
    { kind: "rule" },
    { label: t.common.rename, icon: Pencil, keys: "F2", run: () => (library.renamingUid = uid) },
    {
      label: t.library.duplicate,
      icon: CopyPlus,
      run: () => void writeFromMenu(async () => library.select(await connections.duplicate(uid))),
    },
    {
      label: machine.favorite ? t.library.unfavourite : t.library.favourite,
      icon: Star,
      run: write({ favorite: !machine.favorite }),
    },
    {
      kind: "branch",
      label: t.library.moveToGroup,
      icon: FolderInput,
      items: [
        { label: t.groups.none, isDisabled: machine.category_uid === null, run: write({ category_uid: null }) },
        ...groups.all.map((group) => ({
          label: groups.path(group.group_uid).join(" / "),
          isDisabled: group.group_uid === machine.category_uid,
          run: write({ category_uid: group.group_uid }),
        })),
      ],
    },
    {
      label: t.library.copyAddress,
      icon: Copy,
      isDisabled: !machine.host,
      run: () => void navigator.clipboard.writeText(addressOf(machine)),
    },
    { kind: "rule" },
    { label: t.common.delete, icon: Trash, keys: "Del", isDanger: true, run: () => void connections.remove(machine) },
  ];
}
