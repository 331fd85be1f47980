/**
 * Files that are dragged out of a pane. Those of this computer go to a machine's pane as the browser drags. In the program's window
 * those of a machine are dragged as the desktop does it, and also go to folders of the desktop.
 */
import { host, type OutwardDrag } from "../../host";
import type { FileItem, FileSource } from "../../state/files/source";
import { ownFiles } from "../../state/files/source";
import { transfers } from "../../state/files/transfers.svelte";
import { toasts } from "../../state/toasts.svelte";
import { t } from "../../texts";

const TYPE = "application/x-farwire-files";

interface Dragged {
  source: FileSource;
  items: readonly FileItem[];
}

/** A pane that a drag of the desktop's may be over. */
export interface DropPlace {
  /** Shows where `source`'s files would go. */
  over(source: FileSource, x: number, y: number): void;
  left(): void;
  dropped(source: FileSource, items: readonly FileItem[], x: number, y: number): void;
}

const places = new Set<DropPlace>();
let dragged: Dragged | null = null;

export function dragFiles(event: DragEvent, source: FileSource, items: readonly FileItem[]): void {
  const [first] = items;
  if (!first) return;
  dragged = { source, items };
  const { dragOut } = host;
  if (dragOut?.isOn && source.uid !== null) {
    event.preventDefault();
    void dragOut.begin(first.name, items.length === 1 ? first.name : t.files.count(items.length)).then((hasBegun) => {
      if (!hasBegun) dragged = null;
    });
    return;
  }
  event.dataTransfer?.setData(TYPE, "");
  if (event.dataTransfer) event.dataTransfer.effectAllowed = "copy";
}

/** What the browser dragged was let go: outside of a window that cannot hand it to the desktop, how it gets there is said. */
export function endDrag({ clientX, clientY, dataTransfer }: DragEvent): void {
  const source = dragged?.source;
  dragged = null;
  const isInside = clientX >= 0 && clientY >= 0 && clientX < innerWidth && clientY < innerHeight;
  if (source && source.uid !== null && ownFiles !== null && dataTransfer?.dropEffect === "none" && !isInside) toasts.show(t.files.notDropped);
}

/** Whether files of another place are dragged. */
export function hasForeign(event: DragEvent, source: FileSource): boolean {
  return (event.dataTransfer?.types.includes(TYPE) ?? false) && dragged !== null && dragged.source !== source;
}

/** What is dropped. */
export function takeDragged(): Dragged | null {
  const taken = dragged;
  dragged = null;
  return taken;
}

/** Tells a pane of what the desktop drags for this page, until the returned function is called. */
export function watchDrags(place: DropPlace): () => void {
  places.add(place);
  return () => places.delete(place);
}

function hear(drag: OutwardDrag): void {
  if (dragged === null) return;
  const { source, items } = dragged;
  switch (drag.kind) {
    case "over":
      places.forEach((place) => place.over(source, drag.x, drag.y));
      return;
    case "left":
      places.forEach((place) => place.left());
      return;
    case "dropped":
      places.forEach((place) => place.dropped(source, items, drag.x, drag.y));
      return;
    case "saved":
      if (ownFiles !== null) void transfers.copy(source, items, ownFiles, drag.folder);
      return;
    case "ended":
      dragged = null;
      places.forEach((place) => place.left());
      if (drag.is_unknown) toasts.show(t.files.notDropped);
  }
}

host.dragOut?.watch(hear);
