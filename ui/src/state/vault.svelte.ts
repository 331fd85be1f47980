/** Whether the secrets of this store can be read. */
import { api } from "../api";
import type { VaultView } from "../bindings";
import { Resource } from "./resource.svelte";

class Vault extends Resource<VaultView> {
  constructor() {
    super(api.vault);
  }

  get isLocked(): boolean {
    return this.value !== null && this.value.state !== "ready";
  }

  async unlock(passphrase: string | null): Promise<void> {
    await api.unlockVault(passphrase);
    await this.load();
  }

  async lock(): Promise<void> {
    await api.lockVault();
    await this.load();
  }
}

export const vault = new Vault();
