import type { ProtocolKind } from "./ProtocolKind";

export type Connection = {
  uid: string;
  name: string;
  protocol: ProtocolKind;
  host: string | null;
  port: number;
  via: string | null;
  category_uid: string | null;
  tags: Array<string>;
  favorite: boolean;
  notes: string;
  mac: string | null;
  settings: Record<string, boolean | number | string>;
  revision: number;
  created: number;
  modified: number;
  last_connected: number | null;
};
