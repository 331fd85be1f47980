import type { TrustState } from "./TrustState";

export type HostKeyView = { type: string; fingerprint: string; state: TrustState };
