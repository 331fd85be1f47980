import { sessions } from "../../state/sessions.svelte";
import { healthOf, type HealthMark } from "../health";

/** The mark of a machine: that of its tab here, or of a session somebody else opened. */
export function machineHealth(uid: string): HealthMark {
  const tab = sessions.tabOf(uid);
  if (tab) return healthOf(tab.phase, tab.viewOnly, tab.isStalled);
  const running = sessions.runningOf(uid);
  return healthOf(running?.state ?? null, running?.view_only ?? false, running?.stalled ?? false);
}
