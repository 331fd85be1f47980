export type Scope = "read" | "write" | "connect" | "files" | "credentials" | "trust" | "reveal" | "admin";
