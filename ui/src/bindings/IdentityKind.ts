export type IdentityKind = "ssh" | "tls";
