/** Files of Windows' own client: opened, looked at before anything is connected to, and written. */
import type { Connection, ImportView } from "../bindings";
import { api, ApiError } from "../api";
import { Unreachable } from "../host";
import { t } from "../texts";
import { commandBar } from "./commandbar.svelte";
import { connections } from "./connections.svelte";
import { sessions } from "./sessions.svelte";
import { toasts } from "./toasts.svelte";

/** Shows what a file says where addresses are typed, after the files before it. */
export async function show(reading: Promise<ImportView>): Promise<void> {
  try {
    const file = await reading;
    if (!commandBar.openFile(file)) toasts.show(t.rdp.file.tooMany(file.name));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toasts.show(t.rdp.file.unreadable(error.message));
  }
}

/** Asks for a file. */
export function pick(): void {
  const input = document.createElement("input");
  input.type = "file";
  input.accept = ".rdp";
  input.onchange = () => {
    const [file] = input.files ?? [];
    if (file) void show(api.readFile(file));
  };
  input.click();
}

/** Saves what a file says, unless that is saved already, and opens it. */
export async function connectTo(file: ImportView): Promise<void> {
  if (file.import_id === null) return;
  const { uid } = await api.applyImport(file.import_id);
  if (uid === null) return;
  await connections.refresh(uid);
  sessions.open(uid);
}

/** Downloads a machine as a file, without its password. */
export async function save(machine: Connection): Promise<void> {
  try {
    const bytes = await api.exportFile(machine.uid);
    const url = URL.createObjectURL(new Blob([bytes], { type: "application/x-rdp" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = `${machine.name.replace(/[^\p{L}\p{N}._-]+/gu, "-")}.rdp`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    toasts.show(t.rdp.file.unwritten(error.message));
  }
}
