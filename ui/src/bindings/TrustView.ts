import type { IdentityKind } from "./IdentityKind";
import type { TrustState } from "./TrustState";

export type TrustView = {
  id: string;
  host: string;
  port: number;
  kind: IdentityKind;
  algorithm: string;
  fingerprint: string;
  known_fingerprint: string | null;
  state: TrustState;
  first_seen: number;
  last_seen: number;
};
