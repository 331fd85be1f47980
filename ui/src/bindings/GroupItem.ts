import type { ProtocolKind } from "./ProtocolKind";

export type GroupItem = {
  uid: string;
  kind: "connection";
  name: string;
  protocol: ProtocolKind;
  host: string | null;
  port: number;
  category_uid: string | null;
  tags: Array<string>;
  favorite: boolean;
  last_connected: number | null;
};
