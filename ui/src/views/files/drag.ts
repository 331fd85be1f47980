/** Files that are dragged from one pane to another. */
import type { FileItem, FileSource } from "../../state/files/source";

const TYPE = "application/x-farwire-files";

let dragged: { source: FileSource; items: readonly FileItem[] } | null = null;

export function dragFiles(event: DragEvent, source: FileSource, items: readonly FileItem[]): void {
  dragged = { source, items };
  event.dataTransfer?.setData(TYPE, "");
  if (event.dataTransfer) event.dataTransfer.effectAllowed = "copy";
}

/** Whether files of another place are dragged. */
export function hasForeign(event: DragEvent, source: FileSource): boolean {
  return (event.dataTransfer?.types.includes(TYPE) ?? false) && dragged !== null && dragged.source !== source;
}

/** What is dropped. */
export function takeDragged(): typeof dragged {
  const taken = dragged;
  dragged = null;
  return taken;
}
