import type { Stage } from "./Stage";

export type StageResult = { stage: Stage; ok: boolean; ms: number; message: string };
