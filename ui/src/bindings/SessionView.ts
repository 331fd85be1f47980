import type { ErrorBody } from "./ErrorBody";
import type { ProtocolKind } from "./ProtocolKind";
import type { SessionState } from "./SessionState";

export type SessionView = {
  session_id: string;
  connection_uid: string;
  name: string;
  protocol: ProtocolKind;
  state: SessionState;
  view_only: boolean;
  width: number;
  height: number;
  fps: number;
  bytes_in: number;
  bytes_out: number;
  latency_ms: number | null;
  codec: string;
  security: string;
  error?: ErrorBody;
};
