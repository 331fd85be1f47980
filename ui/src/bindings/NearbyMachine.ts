import type { ProtocolKind } from "./ProtocolKind";

export type NearbyMachine = {
  uid: string;
  name: string;
  protocol: ProtocolKind;
  host: string;
  port: number;
  source: string;
  saved_as: string | null;
};
