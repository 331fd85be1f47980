export type VaultView = {
  state: "locked" | "unlocking" | "ready";
  source?: "keyring" | "passphrase";
  reason?: string | null;
};
