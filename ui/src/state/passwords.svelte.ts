/** Copying stored passwords: who is asked to prove himself for which, and what lies on the clipboard for a while. */
import { api, ApiError, type OnClipboard } from "../api";
import type { Connection, SharedCredential } from "../bindings";
import { ClipboardRefused, host } from "../host";
import { t } from "../texts";
import { credentialKeys, isStored } from "./credentials";
import { inheritedCredential } from "./inheritance";
import { shared } from "./shared.svelte";
import { toasts } from "./toasts.svelte";
import { vault } from "./vault.svelte";

/** A password somebody wants to copy. */
interface Wanted {
  /** Whose it is. */
  name: string;
  copy: (passphrase: string) => Promise<OnClipboard>;
}

/** A password on the clipboard. */
interface Copied {
  name: string;
  /** How long it stays, in seconds. */
  forSecs: number;
  /** When it comes off, in milliseconds since 1970; null when we may not look whether it is still there. */
  until: number | null;
}

class Passwords {
  /** What the person is asked to prove himself for. */
  wanted: Wanted | null = $state.raw(null);
  copied: Copied | null = $state.raw(null);
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** Asks for the password that a machine signs in with. */
  async askForMachine(machine: Connection): Promise<void> {
    const { uid, name } = machine;
    const refusal = await whyNot(machine);
    if (refusal === null) this.ask({ name, copy: (passphrase) => api.copyPassword(uid, passphrase) });
    else toasts.show(refusal);
  }

  askForShared({ credential_uid: uid, name }: SharedCredential): void {
    this.ask({ name, copy: (passphrase) => api.copySharedPassword(uid, passphrase) });
  }

  private ask(wanted: Wanted): void {
    vault.whenReady(() => (this.wanted = wanted));
  }

  /** Copies what was asked for. Throws what the API refuses, such as a wrong passphrase. */
  async prove(passphrase: string): Promise<void> {
    const { wanted } = this;
    if (wanted === null) return;
    let taken: OnClipboard;
    try {
      taken = await wanted.copy(passphrase);
    } catch (error) {
      if (!(error instanceof ClipboardRefused)) throw error;
      this.giveUp();
      toasts.show(t.passwords.clipboardRefused(wanted.name));
      return;
    }
    this.giveUp();
    const forSecs = taken.clear_after_secs;
    const forMs = forSecs * 1000;
    this.copied = { name: wanted.name, forSecs, until: Date.now() + forMs };
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.clear(false), forMs);
  }

  giveUp(): void {
    this.wanted = null;
  }

  /** Takes it off the clipboard, if it is still there. */
  async clear(isAsked: boolean): Promise<void> {
    const { copied } = this;
    if (copied === null) return;
    const cleared = await host.passwords.clear(isAsked);
    if (this.copied !== copied) return;
    if (cleared === "unknown") {
      this.copied = { ...copied, until: null };
      return;
    }
    this.forget();
    if (cleared === "cleared") toasts.show(t.passwords.cleared(copied.name));
  }

  /** Lets it stay on the clipboard. */
  keep(): void {
    host.passwords.keep();
    this.forget();
  }

  private forget(): void {
    clearTimeout(this.timer);
    this.copied = null;
  }
}

/** Why a machine has no password to copy; null when it has one. */
async function whyNot(machine: Connection): Promise<string | null> {
  try {
    if (isStored(await api.credentials(machine.uid), credentialKeys(machine.protocol).password)) return null;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return error.message;
  }
  const used = machine.credential ?? inheritedCredential(machine.category_uid)?.value;
  const known = shared.all.find((one) => one.credential_uid === used);
  if (!known?.secrets.includes("password")) return t.passwords.none(machine.name);
  return machine.credential_withheld ? t.passwords.withheld(machine.name) : null;
}

export const passwords = new Passwords();
