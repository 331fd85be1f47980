/** What is dragged inside the window: `connection <uid> …` or `group <uid>`. */
import { library } from "../state/library.svelte";

export const DRAG_TYPE = "application/x-farwire";

/** Begins to drag a machine, and with it the others that are selected. */
export function dragMachines(event: DragEvent, uid: string): void {
  library.aim(uid);
  const uids = library.chosen.map((machine) => machine.uid);
  event.dataTransfer?.setData(DRAG_TYPE, ["connection", ...(uids.includes(uid) ? uids : [uid])].join(" "));
}
