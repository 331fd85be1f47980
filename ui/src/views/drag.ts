/** What is dragged inside the window: `connection <uid> …` or `group <uid>`. */
import { groups } from "../state/groups.svelte";
import { library } from "../state/library.svelte";

export const DRAG_TYPE = "application/x-farwire";

/** What is under way. A browser does not tell what it is before it is dropped, and not everything can be dropped everywhere. */
let dragged: string | null = null;

function begin(event: DragEvent, data: string): void {
  dragged = data;
  event.dataTransfer?.setData(DRAG_TYPE, data);
  event.target?.addEventListener("dragend", () => (dragged = null), { once: true });
}

/** Begins to drag a machine, and with it the others that are selected. */
export function dragMachines(event: DragEvent, uid: string): void {
  library.aim(uid);
  const uids = library.chosen.map((machine) => machine.uid);
  begin(event, ["connection", ...(uids.includes(uid) ? uids : [uid])].join(" "));
}

/** Begins to drag a group. */
export function dragGroup(event: DragEvent, uid: string): void {
  begin(event, `group ${uid}`);
}

/** Whether what is dragged can be dropped on a group, or outside of all. A group cannot lie inside itself. */
export function canDrop(event: DragEvent, target: string | null): boolean {
  if (dragged === null || !event.dataTransfer?.types.includes(DRAG_TYPE)) return false;
  const [kind, uid] = dragged.split(" ");
  return kind !== "group" || (uid !== undefined && groups.canMove(uid, target));
}
