import type { ImportView } from "../bindings";

/** A file of a machine with this name, read but not saved. */
export const file = (host: string): ImportView => ({
  import_id: host,
  uid: null,
  is_new: false,
  name: host,
  protocol: "RDP",
  host,
  port: 3389,
  username: null,
  domain: null,
  settings: {},
  asks: [],
});
