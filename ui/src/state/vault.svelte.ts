/** Whether the secrets of this store can be read, and what waits for that. */
import { api } from "../api";
import type { VaultView } from "../bindings";
import { Resource } from "./resource.svelte";

class Vault extends Resource<VaultView> {
  /** Whether a person is asked to unlock it. */
  isAsked = $state(false);
  private waiting: (() => void) | null = null;

  constructor() {
    super(api.vault);
  }

  get isLocked(): boolean {
    return this.value !== null && this.value.state !== "ready";
  }

  /** Does something that needs it unlocked: at once, or after the person has unlocked it. */
  whenReady(action: () => void): void {
    if (!this.isLocked) {
      action();
      return;
    }
    this.waiting = action;
    this.isAsked = true;
  }

  /** Goes on with what waited, once it is unlocked, by whomever. */
  goOn(): void {
    const { waiting } = this;
    this.giveUp();
    waiting?.();
  }

  /** What waited is not done. */
  giveUp(): void {
    this.waiting = null;
    this.isAsked = false;
  }

  override clear(): void {
    super.clear();
    this.giveUp();
  }

  /** With the passphrase, or by asking the key store of this computer again. */
  async unlock(passphrase: string | null): Promise<void> {
    await api.unlockVault(passphrase);
    await this.load();
  }

  async lock(): Promise<void> {
    await api.lockVault();
    await this.load();
  }

  async setPassphrase(old: string | null, next: string): Promise<void> {
    await api.setPassphrase(old, next);
    await this.load();
  }
}

export const vault = new Vault();
