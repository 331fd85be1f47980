export type TrustState = "unknown" | "trusted" | "changed";
