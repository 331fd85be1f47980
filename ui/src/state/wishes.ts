/**
 * What several machines are to do together, where each of them may say it by itself or take it over from its group.
 *
 * A wish is about what a machine does, not about what is written of it: a machine that does so already is left alone, and one whose
 * group says something else says it by itself.
 */
import type { ConnectionFields } from "../api";
import type { Connection, ProtocolKind } from "../bindings";
import { type Inherited, inheritedCredential, inheritedSetting, type SettingValue } from "./inheritance";

/** What settings are while nobody has said anything; the empty text is what has no word of its own. */
export const USUAL = {
  "vnc.resize": false,
  "vnc.shared": true,
  "vnc.view_only": false,
  "vnc.quality": "auto",
  "vnc.colours": "full",
  "vnc.compression": "auto",
  "rdp.security": "auto",
  "rdp.colours": "full",
  "rdp.codec": "auto",
  "rdp.keyboard": "",
  "rdp.effects": "",
  "rdp.clipboard": true,
  "rdp.admin": false,
  "ssh.agent": true,
  "ssh.forward_agent": false,
  "ssh.forward_x11": false,
  "ssh.clipboard": false,
  "ssh.log": false,
} as const satisfies Record<string, SettingValue>;

export type SettingKey = keyof typeof USUAL;
export type DisplayKey = Extract<SettingKey, `vnc.${string}`>;
export type WishKey = SettingKey | "credential";
const SETTING_KEYS = Object.keys(USUAL) as SettingKey[];
export const WISH_KEYS: readonly WishKey[] = ["credential", ...SETTING_KEYS];

/** The settings that machines of a protocol honour. */
export function keysOf(protocol: ProtocolKind | undefined): SettingKey[] {
  const prefix = protocol === "APPLE" ? "vnc." : `${protocol?.toLowerCase()}.`;
  return SETTING_KEYS.filter((key) => key.startsWith(prefix));
}

/** A value for all, or `null`: whatever their groups say. */
export type Wish = SettingValue | null;
export type Wishes = Partial<Record<WishKey, Wish>>;

/** What a machine does, and who says so. */
export interface Effective {
  value: SettingValue;
  isOwn: boolean;
  /** What its groups say, whether it follows them or not. */
  says: Inherited<SettingValue> | null;
}

type Said = Pick<Connection, "settings" | "credential">;

/** Reads what machines do. A long list asks once a group, as long as the groups stay as they are. */
export class Reader {
  private readonly known = new Map<string, Inherited<SettingValue> | null>();

  of(machine: Said, key: WishKey, group: string | null): Effective {
    const own = (key === "credential" ? machine.credential : machine.settings[key]) ?? null;
    const says = this.says(key, group);
    return { value: own ?? says?.value ?? usual(key), isOwn: own !== null, says };
  }

  private says(key: WishKey, group: string | null): Inherited<SettingValue> | null {
    const name = `${key} ${group ?? ""}`;
    let says = this.known.get(name);
    if (says === undefined) {
      says = key === "credential" ? inheritedCredential(group) : inheritedSetting(group, key);
      this.known.set(name, says);
    }
    return says;
  }
}

function usual(key: WishKey): SettingValue {
  return key === "credential" ? "" : USUAL[key];
}

/** What must be written of a machine, so that it does in `group` what is wished; nothing where it does so already. */
export function fieldsFor(machine: Connection, wishes: Wishes, group: string | null, reader = new Reader()): ConnectionFields {
  const fields: Record<string, Wish> = {};
  for (const [key, wish] of Object.entries(wishes) as [WishKey, Wish][]) {
    const now = reader.of(machine, key, group);
    // Credentials that are not sent there until they are chosen again are chosen again.
    const isWithheld = key === "credential" && machine.credential_withheld;
    if (wish === null ? !now.isOwn : now.value === wish && !isWithheld) continue;
    // What is usual needs no word, unless a group says otherwise.
    fields[key] = wish === usual(key) && now.says === null ? null : wish;
  }
  return fields as ConnectionFields;
}

/** A machine as it is once some fields are written. */
export function withFields(machine: Connection, fields: ConnectionFields): Said & { group: string | null } {
  const settings: Record<string, SettingValue> = { ...machine.settings };
  for (const [key, value] of Object.entries(fields)) {
    if (!key.includes(".")) continue;
    if (value === null) delete settings[key];
    else settings[key] = value as SettingValue;
  }
  return {
    settings,
    credential: fields.credential === undefined ? machine.credential : fields.credential,
    group: fields.category_uid === undefined ? machine.category_uid : fields.category_uid,
  };
}

/** Where what several machines do comes from. */
export type Origin =
  | { kind: "nobody" }
  | { kind: "group"; name: string }
  | { kind: "groups" }
  | { kind: "some"; count: number; of: number }
  | { kind: "own"; over: SettingValue | "mixed" };

export function originOf(all: readonly Effective[]): Origin {
  const inherited = all.filter(({ isOwn, says }) => !isOwn && says !== null);
  const [first] = inherited;
  if (first && inherited.length === all.length) {
    const isOne = inherited.every(({ says }) => says?.group.group_uid === first.says?.group.group_uid);
    return isOne ? { kind: "group", name: first.says?.group.name ?? "" } : { kind: "groups" };
  }
  if (first) return { kind: "some", count: inherited.length, of: all.length };
  const over = all.find(({ says }) => says !== null)?.says?.value;
  if (over === undefined) return { kind: "nobody" };
  return { kind: "own", over: all.every(({ says }) => says === null || says.value === over) ? over : "mixed" };
}
