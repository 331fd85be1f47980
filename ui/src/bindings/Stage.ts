/** Where in its way up a connection is, or where it failed. Closed list. */
export type Stage =
  | "resolve"
  | "connect"
  | "banner"
  | "tls"
  | "key_exchange"
  | "host_key"
  | "auth"
  | "channel"
  | "session";
