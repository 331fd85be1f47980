import type { Phase } from "../state/tab.svelte";
import { t } from "../texts";

export interface HealthMark {
  kind: "ok" | "slow" | "down" | "off" | "denied" | "";
  label: string;
}

/** Whether a session's picture is not how the screen is now. */
export function isStale(phase: Phase): boolean {
  return phase === "reconnecting" || phase === "failed" || phase === "closed";
}

/** The mark of a session in a state, or of a machine without one. */
export function healthOf(phase: Phase | null, viewOnly: boolean, isStalled = false): HealthMark {
  const { states } = t.library;
  switch (phase) {
    case "connected":
      if (isStalled) return { kind: "slow", label: states.stalled };
      return { kind: "ok", label: viewOnly ? states.observing : states.connected };
    case "opening":
    case "connecting":
      return { kind: "", label: states.connecting };
    case "reconnecting":
      return { kind: "down", label: states.reconnecting };
    case "failed":
      return { kind: "denied", label: states.failed };
    case "closed":
    case null:
      return { kind: "", label: states.none };
  }
}
