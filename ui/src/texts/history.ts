/** The texts of backups and of the history. */
import type { ChangeAction, ChangedField, ChangeView, ThingKind } from "../bindings";
import { wholeNumber } from "./number";
import { rdp } from "./rdp";
import { shell } from "./shell";

const things = (count: number): string => (count === 1 ? "1 thing" : `${wholeNumber(count)} things`);
const are = (count: number): string => (count === 1 ? `${things(count)} is` : `${things(count)} are`);

const did: Record<ThingKind, Record<ChangeAction, (name: string) => string>> = {
  group: {
    create: (name) => `Added group ${name}`,
    update: (name) => `Changed group ${name}`,
    delete: (name) => `Deleted group ${name}`,
  },
  connection: {
    create: (name) => `Added ${name}`,
    update: (name) => `Changed ${name}`,
    delete: (name) => `Deleted ${name}`,
  },
  credentials: {
    create: (name) => `Stored credentials of ${name}`,
    update: (name) => `Changed credentials of ${name}`,
    delete: (name) => `Forgot credentials of ${name}`,
  },
  credential: {
    create: (name) => `Added credentials ${name}`,
    update: (name) => `Changed credentials ${name}`,
    delete: (name) => `Deleted credentials ${name}`,
  },
  trust: {
    create: (name) => `Trusted ${name}`,
    update: (name) => `Changed trust in ${name}`,
    delete: (name) => `Forgot the identity of ${name}`,
  },
};

export const backups = {
  title: "Backups",
  intro: "Everything saved is backed up once a day. Passwords stay sealed in a backup as they are in the store.",
  make: "Back up now",
  making: "Backing up",
  columns: { made: "Made", records: "Records", size: "Size" },
  unfinished: "incomplete",
  loading: "Reading the list of backups",
  failed: "The backups could not be read",
  notMade: "No backup was made",
  none: "No backups yet",
  noneHint: "One is made every day on which Farwire runs, and when you ask for it.",
  restore: "Restore",
  restoreName: (when: string) => `Restore the backup of ${when}`,
  dialog: {
    title: (when: string) => `Go back to ${when}?`,
    text: "Groups, machines, passwords, trusted identities and settings become what they were then. What was added since goes.",
    points: [
      "The present state is backed up first, so this can be undone.",
      "API tokens stay as they are. So do the key store’s key and the HTTP API’s switch.",
    ],
    busy: "Restoring",
    failed: "Nothing was restored",
  },
  restored: (count: number) =>
    count === 0 ? "Everything was as in the backup already" : `Backup restored: ${are(count)} different now`,
  takenBack: "Everything is as it was before the restore",
};

export const history = {
  title: "History",
  intro: "What was changed in this window and by scripts, the newest first. Each change can be taken back.",
  loading: "Reading the history",
  detailsLoading: "Reading what was changed",
  failed: "The history could not be read",
  detailsFailed: "What it changed could not be read",
  none: "Nothing was changed yet",
  noneHint: "Machines, groups, credentials and trusted identities that are added, changed or deleted are listed here.",
  more: "Show older changes",
  columns: { when: "When", what: "What", who: "Who" },
  window: "This window",
  run: (name: string) => `Run ${name}`,
  takenBack: "Taken back",
  undo: "Undo",
  undoRun: "Undo the whole run",
  bringBack: "Bring back",
  bringBackHint: "Makes these things what this change left them as",
  refused: "Nothing was changed",
  undone: (count: number) => `Taken back: ${are(count)} different now`,
  broughtBack: (count: number) => (count === 0 ? "Everything was like that already" : `Brought back: ${are(count)} different now`),
  forgotten: "This was taken back already, or is too long ago",
  /** What people call the fields that have a name in the window; scripts and all others use the API's key. */
  fieldNames: {
    name: "Name",
    protocol: "Protocol",
    host: "Address",
    port: "Port",
    category_uid: "Group",
    parent_uid: "Group around it",
    tags: "Tags",
    notes: "Notes",
    favorite: "Favourite",
    credential: "Credentials",
    "vnc.resize": "Resize to the window",
    "vnc.shared": "Shared",
    "vnc.view_only": "Begin observing",
    "vnc.quality": "Quality",
    "vnc.colours": "Colours",
    "vnc.compression": "Compression",
    via: shell.via,
    "rdp.security": rdp.security,
    "rdp.colours": rdp.colours,
    "rdp.codec": rdp.codec,
    "rdp.keyboard": rdp.keyboard,
    "rdp.effects": rdp.effects,
    "rdp.clipboard": rdp.clipboard,
    "rdp.drive": rdp.drive,
    "rdp.drive_read_only": rdp.driveReadOnly,
    "rdp.admin": rdp.admin,
    "ssh.agent": shell.agent,
    "ssh.forward_agent": shell.forwardAgent,
    "ssh.forward_x11": shell.forwardX11,
    "ssh.clipboard": shell.clipboard,
    "ssh.log": shell.log,
  } as Readonly<Record<string, string>>,
  noFields: "Nothing in it can be shown",
  field: "Field",
  before: "Before",
  after: "After",
  nothing: "–",
  hidden: "not shown",
  moreThings: (count: number) => `and ${things(count)} more`,
  /** One change in a sentence. */
  summary: ({ undoes, restores, things: named, count }: Pick<ChangeView, "undoes" | "restores" | "things" | "count">): string => {
    const [first] = named;
    if (!first) return things(count);
    const rest = count > 1 ? ` and ${wholeNumber(count - 1)} more` : "";
    const said = did[first.kind][first.action](first.name) + rest;
    const lower = said.charAt(0).toLowerCase() + said.slice(1);
    if (undoes.length > 0) return `Undo: ${lower}`;
    return restores === null ? said : `Bring back: ${lower}`;
  },
  thing: (kind: ThingKind, action: ChangeAction, name: string): string => did[kind][action](name),
  /** One side of a field. */
  value: (value: unknown, { secret }: Pick<ChangedField, "secret">): string => {
    if (secret) return history.hidden;
    if (value === null || value === undefined || value === "") return history.nothing;
    if (Array.isArray(value)) return value.length === 0 ? history.nothing : value.map(String).join(", ");
    return typeof value === "string" ? value : JSON.stringify(value);
  },
};
