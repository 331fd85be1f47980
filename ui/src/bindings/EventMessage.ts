import type { EventAction } from "./EventAction";
import type { EventKind } from "./EventKind";
import type { SessionView } from "./SessionView";

export type EventMessage = {
  seq: number;
  kind: EventKind;
  id: string;
  action: EventAction;
  session?: SessionView;
};
