import type { StageResult } from "./StageResult";
import type { HostKeyView } from "./HostKeyView";

export type TestReport = {
  ok: boolean;
  stages: Array<StageResult>;
  host_key?: HostKeyView;
};
