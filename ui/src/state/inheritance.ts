/** What machines and groups take over from the groups they lie in: of the nearest that says something. */
import type { Group } from "../bindings";
import { groups } from "./groups.svelte";

export interface Inherited<T> {
  value: T;
  /** Who says it. */
  group: Group;
}

export type SettingValue = Group["settings"][string];

/** What the group or one around it says of a setting. */
export function inheritedSetting(group: string | null, key: string): Inherited<SettingValue> | null {
  return nearest(group, ({ settings }) => settings[key]);
}

/** The shared credentials that the group or one around it gives. */
export function inheritedCredential(group: string | null): Inherited<string> | null {
  return nearest(group, ({ credential }) => credential);
}

function nearest<T>(uid: string | null, read: (group: Group) => T | null | undefined): Inherited<T> | null {
  for (const group of groups.lineage(uid)) {
    const value = read(group);
    if (value !== null && value !== undefined) return { value, group };
  }
  return null;
}
