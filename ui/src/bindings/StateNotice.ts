import type { ErrorBody } from "./ErrorBody";
import type { SessionState } from "./SessionState";
import type { Stage } from "./Stage";

export type StateNotice = {
  state: SessionState;
  stage?: Stage;
  view_only: boolean;
  security: string;
  error?: ErrorBody;
  retry_in_ms?: number;
};
