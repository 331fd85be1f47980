/** Connecting to something that is not saved yet. */
import type { NearbyMachine } from "../bindings";
import { api } from "../api";
import { connections } from "./connections.svelte";
import { credentialKeys } from "./credentials";
import { nearby } from "./nearby";
import { quickAddress, quickName, type QuickTarget } from "./quick";
import { sessions } from "./sessions.svelte";
import { toasts } from "./toasts.svelte";

/** Opens an address: the saved machine that has it, or a new one without a group. */
export async function connectTo(target: QuickTarget): Promise<void> {
  const { protocol, host, port, username } = target;
  const saved = connections.all.find((one) => one.protocol === protocol && one.host === host && one.port === port);
  if (saved) {
    sessions.open(saved.uid);
    return;
  }
  if (protocol === "SSH") {
    // What ~/.ssh/config says of it counts.
    const { uid, notes } = await api.saveAddress(quickAddress(target));
    await connections.refresh(uid);
    for (const note of notes) toasts.show(note);
    sessions.open(uid);
    return;
  }
  const uid = await connections.create({ name: quickName(target), protocol, host, port });
  if (username !== null) await api.setCredentials(uid, { [credentialKeys(protocol).username]: username });
  sessions.open(uid);
}

/** Saves a machine found nearby and returns its identifier; one that is saved already is not saved twice. */
export async function saveNearby(machine: NearbyMachine): Promise<string> {
  if (machine.saved_as !== null && connections.get(machine.saved_as)) return machine.saved_as;
  const { name, protocol, host, port } = machine;
  const uid = await connections.create({ name, protocol, host, port });
  await nearby.load();
  return uid;
}
