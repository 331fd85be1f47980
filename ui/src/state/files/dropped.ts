/** What was dropped on a folder: files, and folders with everything in them. */
import type { NewFile } from "./loads.svelte";
import { childOf } from "./paths";

/** Whether something that is dragged has files of this computer in it. */
export function hasFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes("Files") ?? false;
}

/** A file, or an entry of the person's disk, which may be a folder. */
export type Dropped = File | FileSystemEntry;

/** What was dropped; to be called while the event is handled, the browser forgets it afterwards. */
export function droppedOf(transfer: DataTransfer): Dropped[] {
  // A file that lies on no disk is no entry.
  return [...transfer.items].map((item) => item.webkitGetAsEntry() ?? item.getAsFile()).filter((one) => one !== null);
}

/** Every file among what was dropped, and in its folders, with the folder it belongs to; `makeFolder` hears of each folder before what lies in it. */
export async function filesIn(
  entries: readonly Dropped[],
  folder: string,
  makeFolder: (path: string) => Promise<void>,
): Promise<NewFile[]> {
  const files: NewFile[] = [];
  for (const entry of entries) {
    if (entry instanceof File) {
      files.push({ file: entry, folder });
    } else if (entry instanceof FileSystemFileEntry) {
      files.push({ file: await new Promise<File>((resolve, reject) => entry.file(resolve, reject)), folder });
    } else if (entry instanceof FileSystemDirectoryEntry) {
      const path = childOf(folder, entry.name);
      await makeFolder(path);
      for (const file of await filesIn(await listed(entry), path, makeFolder)) files.push(file);
    }
  }
  return files;
}

/** A browser tells a folder's entries a hundred at a time. */
async function listed(directory: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = directory.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}
