import { beforeEach, expect, test, vi } from "vitest";
import { api, ApiError } from "../api";
import type { Connection, SharedCredential, VaultView } from "../bindings";
import { passwords } from "./passwords.svelte";
import { toasts } from "./toasts.svelte";
import { vault } from "./vault.svelte";

const clipboard = vi.hoisted(() => ({ cleared: "cleared", asked: [] as boolean[], kept: 0 }));
vi.mock("../host", () => ({
  ClipboardRefused: class extends Error {},
  Unreachable: class extends Error {},
  host: {
    passwords: {
      copy: () => Promise.resolve({ status: 200, body: { clear_after_secs: 30 } }),
      clear: (isAsked: boolean) => Promise.resolve((clipboard.asked.push(isAsked), clipboard.cleared)),
      keep: () => (clipboard.kept += 1),
    },
  },
}));

const hall = { credential_uid: "k_1", name: "Hall keys", secrets: ["password"] } as unknown as SharedCredential;
const ready: VaultView = { state: "ready", source: "passphrase", has_passphrase: true };

beforeEach(() => {
  vi.restoreAllMocks();
  vi.useFakeTimers();
  vault.clear();
  vault.value = ready;
  passwords.giveUp();
  passwords.copied = null;
  toasts.all = [];
  Object.assign(clipboard, { cleared: "cleared", asked: [], kept: 0 });
});

async function copy(): Promise<void> {
  passwords.askForShared(hall);
  await passwords.prove("right");
}

test("a password leaves the clipboard when its time is over", async () => {
  await copy();
  expect(passwords.wanted).toBeNull();
  expect(passwords.copied).toMatchObject({ name: "Hall keys", forSecs: 30 });
  await vi.advanceTimersByTimeAsync(29_999);
  expect(clipboard.asked).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(clipboard.asked).toEqual([false]);
  expect(passwords.copied).toBeNull();
  expect(toasts.all).toHaveLength(1);
});

test("a second one has its whole time, and one that may stay is left alone", async () => {
  await copy();
  await vi.advanceTimersByTimeAsync(20_000);
  await copy();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(clipboard.asked).toEqual([]);
  passwords.keep();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(clipboard).toMatchObject({ asked: [], kept: 1 });
});

test("where nobody may look the note stays until a person decides", async () => {
  clipboard.cleared = "unknown";
  await copy();
  await vi.advanceTimersByTimeAsync(30_000);
  expect(passwords.copied).toMatchObject({ until: null });
  clipboard.cleared = "cleared";
  await passwords.clear(true);
  expect(clipboard.asked).toEqual([false, true]);
  expect(passwords.copied).toBeNull();
});

test("a refused proof leaves the question open and the clipboard alone", async () => {
  const refusal = new ApiError(403, { error_code: "PERMISSION_DENIED", error_message: "wrong", property: "passphrase", details: [] });
  vi.spyOn(api, "copySharedPassword").mockRejectedValue(refusal);
  passwords.askForShared(hall);
  await expect(passwords.prove("x")).rejects.toBe(refusal);
  expect(passwords.wanted).not.toBeNull();
  expect(passwords.copied).toBeNull();
});

test("a locked key store is unlocked first, and giving up copies nothing", () => {
  vault.value = { ...ready, state: "locked" };
  passwords.askForShared(hall);
  expect(vault.isAsked).toBe(true);
  expect(passwords.wanted).toBeNull();
  vault.giveUp();
  vault.goOn();
  expect(passwords.wanted).toBeNull();
  passwords.askForShared(hall);
  vault.goOn();
  expect(passwords.wanted).toMatchObject({ name: "Hall keys" });
});

test("a machine without a password of its own or of others is not asked for", async () => {
  vi.spyOn(api, "credentials").mockResolvedValue({ redacted: [] });
  const machine = { uid: "c_1", name: "bare", protocol: "VNC", credential: null, category_uid: null } as unknown as Connection;
  await passwords.askForMachine(machine);
  expect(passwords.wanted).toBeNull();
  expect(toasts.all).toHaveLength(1);
  vi.spyOn(api, "credentials").mockResolvedValue({ redacted: ["vnc.password"] });
  await passwords.askForMachine(machine);
  expect(passwords.wanted).toMatchObject({ name: "bare" });
});
