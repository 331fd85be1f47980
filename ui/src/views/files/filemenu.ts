import AppWindow from "@lucide/svelte/icons/app-window";
import ClipboardCopy from "@lucide/svelte/icons/clipboard-copy";
import Eye from "@lucide/svelte/icons/eye";
import FolderOpen from "@lucide/svelte/icons/folder-open";
import FolderPlus from "@lucide/svelte/icons/folder-plus";
import KeyRound from "@lucide/svelte/icons/key-round";
import Pencil from "@lucide/svelte/icons/pencil";
import RotateCw from "@lucide/svelte/icons/rotate-cw";
import Trash from "@lucide/svelte/icons/trash-2";
import type { MenuEntry } from "../../components/menu";
import type { Folder } from "../../state/files/folder.svelte";
import { displayed } from "../../state/files/paths";
import type { FileItem } from "../../state/files/source";
import { t } from "../../texts";
import type { Send } from "./send";

interface Does {
  open: (item: FileItem) => void;
  remove: () => void;
  newFolder: () => void;
  rename: (item: FileItem) => void;
  /** Null where it cannot be done. */
  look: ((item: FileItem) => void) | null;
  permissions: (() => void) | null;
}

/** Everything that can be done with what is selected, and with the folder. */
export function fileMenu(folder: Folder, sends: readonly Send[], does: Does): MenuEntry[] {
  const [first, ...others] = folder.chosen;
  const sending = sends.map(({ label, icon, isDisabled, run, isOfSelection }) => ({ label, icon, isDisabled, run, isOfSelection }));
  const ofFolder: MenuEntry[] = [
    ...sending.filter(({ isOfSelection }) => !isOfSelection),
    { label: t.files.newFolder, icon: FolderPlus, run: does.newFolder },
    { label: t.files.path.reload, icon: RotateCw, keys: "F5", run: () => void folder.reload() },
    { kind: "toggle", label: t.files.hidden, isOn: folder.hasHidden, run: () => (folder.hasHidden = !folder.hasHidden) },
  ];
  if (!first) return ofFolder;
  const { look, permissions } = does;
  const { openOutside } = folder.source;
  const isOne = others.length === 0;
  return [
    ...(isOne && first.kind !== "file" ? [{ label: t.files.openItem, icon: FolderOpen, keys: "Enter", run: () => does.open(first) }] : []),
    ...(isOne && first.kind === "file" && look ? [{ label: t.files.look, icon: Eye, keys: "Enter", run: () => look(first) }] : []),
    ...(isOne && first.kind !== "folder" && openOutside ? [{ label: t.files.outside.open, icon: AppWindow, run: () => openOutside(first) }] : []),
    ...sending.filter(({ isOfSelection }) => isOfSelection),
    { kind: "rule" },
    { label: t.common.rename, icon: Pencil, keys: "F2", isDisabled: !isOne, run: () => does.rename(first) },
    ...(permissions ? [{ label: `${t.files.permissions.entry}…`, icon: KeyRound, run: permissions }] : []),
    {
      label: t.files.copyPath,
      icon: ClipboardCopy,
      run: () => void navigator.clipboard.writeText(folder.chosen.map(({ path }) => displayed(path)).join("\n")),
    },
    { kind: "rule" },
    ...ofFolder,
    { kind: "rule" },
    { label: t.common.delete, icon: Trash, keys: "Del", isDanger: true, run: does.remove },
  ];
}
