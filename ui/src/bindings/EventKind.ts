export type EventKind =
  | "group"
  | "connection"
  | "credential"
  | "trust"
  | "settings"
  | "token"
  | "vault"
  | "session"
  | "resync";
