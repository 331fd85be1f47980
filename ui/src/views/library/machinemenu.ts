import Copy from "@lucide/svelte/icons/copy";
import CopyPlus from "@lucide/svelte/icons/copy-plus";
import Eye from "@lucide/svelte/icons/eye";
import FileOutput from "@lucide/svelte/icons/file-output";
import Folder from "@lucide/svelte/icons/folder";
import FolderInput from "@lucide/svelte/icons/folder-input";
import KeyRound from "@lucide/svelte/icons/key-round";
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
import { common, many } from "../../state/many.svelte";
import { passwords } from "../../state/passwords.svelte";
import * as rdpFiles from "../../state/rdpfiles";
import { sessions } from "../../state/sessions.svelte";
import { toasts } from "../../state/toasts.svelte";
import { t } from "../../texts";
import { groupOptions, moveEntry } from "../groupoptions";
import { MAX_OPENED } from "./listkeys";

/** Writes some fields of a machine from a menu, which has no place of its own to say no. */
export async function writeFromMenu(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toasts.show(error.message);
  }
}

/** The groups some machines can be moved to. */
function moveBranch(list: readonly Connection[]): MenuEntry {
  const now = common(list, (machine) => machine.category_uid);
  return moveEntry({
    label: t.library.moveToGroup,
    icon: FolderInput,
    choices: groupOptions(),
    value: now === "mixed" ? null : (now.is ?? ""),
    to: (uid) => void many.move(list, uid === "" ? null : uid, groups.get(uid)?.name ?? t.groups.none),
  });
}

/** Everything that can be done with several machines. */
export function machinesMenu(list: readonly Connection[]): MenuEntry[] {
  const isFavourite = list.every((machine) => machine.favorite);
  const isTooMany = list.length > MAX_OPENED;
  return [
    {
      label: t.many.connect(list.length),
      icon: Play,
      keys: "Enter",
      isDisabled: isTooMany,
      run: () => list.forEach(({ uid }) => sessions.open(uid)),
    },
    ...(isTooMany ? [{ kind: "hint", label: t.many.tooMany(MAX_OPENED) } as const] : []),
    { kind: "rule" },
    {
      label: isFavourite ? t.library.unfavourite : t.library.favourite,
      icon: Star,
      run: () =>
        void many.change(
          list.filter((machine) => machine.favorite === isFavourite),
          () => ({ favorite: !isFavourite }),
          t.many.changed,
        ),
    },
    moveBranch(list),
    { kind: "rule" },
    { label: t.common.delete, icon: Trash, keys: "Del", isDanger: true, run: () => void many.remove(list) },
  ];
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
    ...(machine.protocol === "SSH" ? [{ label: t.files.open, icon: Folder, run: () => sessions.openFiles(uid) }] : []),
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
    moveBranch([machine]),
    {
      label: t.library.copyAddress,
      icon: Copy,
      isDisabled: !machine.host,
      run: () => void navigator.clipboard.writeText(addressOf(machine)),
    },
    ...(machine.protocol === "RDP" && machine.host ? [{ label: t.rdp.file.save, icon: FileOutput, run: () => void rdpFiles.save(machine) }] : []),
    { label: t.passwords.copy, icon: KeyRound, run: () => void passwords.askForMachine(machine) },
    { kind: "rule" },
    { label: t.common.delete, icon: Trash, keys: "Del", isDanger: true, run: () => void connections.remove(machine) },
  ];
}

/** The same while no machine is selected: nothing that could be done. */
export function noMachineMenu(): MenuEntry[] {
  const off = (label: string, keys: string): MenuEntry => ({ label, keys, isDisabled: true, run: () => undefined });
  return [
    off(t.common.connect, "Enter"),
    off(t.common.observe, "Shift+Enter"),
    { kind: "rule" },
    off(t.common.rename, "F2"),
    off(t.common.delete, "Del"),
  ];
}
