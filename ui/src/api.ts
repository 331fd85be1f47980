/** Typed calls of the API. One function a route; every failure is an {@link ApiError}. */
import type {
  BackupView,
  ChangeDetails,
  ChangeView,
  CodecChoice,
  Conflict,
  Connection,
  DryRun,
  ErrorBody,
  Group,
  ImportView,
  NearbyMachine,
  ProtocolKind,
  Quality,
  RestoreView,
  Scope,
  SessionView,
  Settings,
  SettingsView,
  SharedCredential,
  TestReport,
  TokenView,
  TransferView,
  TrustView,
  TunnelKind,
  TunnelView,
  VaultView,
  VersionView,
} from "./bindings";
import { type Answer, host, type Method, type RequestOptions, Unreachable } from "./host";

/** What the API, or the way to it, said no with. Status 0: nobody answered. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly body: ErrorBody,
  ) {
    super(body.error_message);
  }
}

type Listener = () => void;
let signedOut: Listener = () => undefined;

/** Called whenever the API no longer knows our token. */
export function onSignedOut(listener: Listener): void {
  signedOut = listener;
}

function call<T>(method: Method, path: string, body?: unknown, options?: RequestOptions): Promise<T> {
  return answered(() => host.request(method, path, body, options));
}

async function answered<T>(ask: () => Promise<Answer>): Promise<T> {
  let answer;
  try {
    answer = await ask();
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    throw new ApiError(0, { error_code: "INTRA_SERVICE_COMMUNICATION_ERROR", error_message: error.message, details: [] });
  }
  if (answer.status >= 200 && answer.status < 300) return answer.body as T;
  if (answer.status === 401) signedOut();
  throw new ApiError(answer.status, readError(answer.status, answer.body));
}

function readError(status: number, body: unknown): ErrorBody {
  if (typeof body === "object" && body !== null && "error_code" in body && "error_message" in body) {
    const error = body as ErrorBody;
    return { ...error, details: error.details ?? [] };
  }
  return { error_code: "GENERAL_ERROR", error_message: `the program answered ${status}`, details: [] };
}

const part = encodeURIComponent;

/** A password is on the clipboard. */
export interface OnClipboard {
  /** When it is to come off again. */
  clear_after_secs: number;
}

function copied(path: string, passphrase: string): Promise<OnClipboard> {
  return answered(() => host.passwords.copy(path, passphrase));
}

/** What can be written of a connection; absent stays, `null` goes back to the default. */
export interface ConnectionFields {
  name?: string;
  protocol?: ProtocolKind;
  host?: string;
  port?: number | null;
  via?: string | null;
  category_uid?: string | null;
  tags?: string[];
  favorite?: boolean;
  notes?: string;
  /** Shared credentials to sign in with. */
  credential?: string | null;
  [setting: `${string}.${string}`]: unknown;
}

/** What can be written of a group; its settings and credentials are for what lies in it. */
export interface GroupFields {
  name?: string;
  parent_uid?: string | null;
  credential?: string | null;
  [setting: `${string}.${string}`]: unknown;
}

/** What can be written of shared credentials; absent stays, `null` deletes. */
export interface SharedFields {
  name?: string;
  username?: string | null;
  domain?: string | null;
  password?: string | null;
}

/** Credentials by their dotted key, e.g. `vnc.password`. `null` deletes one. */
export type CredentialFields = Record<string, string | null>;

export interface StoredCredentials {
  [key: string]: unknown;
  /** Keys that are stored but not shown. */
  redacted?: string[];
}

/** How many things are different now. */
export interface Reverted {
  count: number;
}

export interface SettingsChange {
  api?: { enabled?: boolean; port?: number };
  appearance?: Partial<Settings["appearance"]>;
  terminal?: Partial<Settings["terminal"]>;
}

/** What is done with a file, as the files dialect takes it. */
export interface FileCommand {
  cmd: "LS" | "RM" | "MV" | "MKDIR" | "RMDIR" | "GET" | "PUT" | "HOME";
  path?: string;
  new_path?: string;
}

/** A file as it is listed; times are in Unix seconds. */
export interface ListedFile {
  is_dir: boolean;
  is_link: boolean;
  filename: string;
  path: string;
  filesize: number;
  owner: string;
  group: string;
  permissions: number;
  mtime: number | null;
  attributes: string;
}

export interface FileAnswer {
  status: { status_code: number; status_message: string };
  path?: string;
  files?: ListedFile[];
  download_id?: string;
  upload_id?: string;
}

/** A file operation that did not work, with SFTP's number for how: 2 is no such file, 3 is permission denied. */
export class FileRefused extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

async function fileAnswer(answer: Promise<FileAnswer>): Promise<FileAnswer> {
  const done = await answer;
  const { status_code: code, status_message: message } = done.status;
  if (code !== 0) throw new FileRefused(code, message);
  return done;
}

/** What is copied where; a path that ends with a slash means the source's name in that folder. */
export interface CopyPlace {
  uid: string | null;
  path: string;
}

const dialect = (channel: string): string => `/ssh-proxy/api/v1/connections/${part(channel)}/file`;

export const api = {
  groups: (options?: RequestOptions) => call<Group[]>("GET", "/groups", undefined, options),
  createGroup: (name: string, parent: string | null) =>
    call<{ group_uid: string }>("PUT", "/group/", parent === null ? { name } : { name, parent_uid: parent }),
  updateGroup: (uid: string, fields: GroupFields, options?: RequestOptions) => call<unknown>("PUT", `/group/${part(uid)}`, fields, options),
  deleteGroup: (uid: string) => call<unknown>("DELETE", `/group/${part(uid)}`),

  connections: (options?: RequestOptions) => call<Connection[]>("GET", "/connections", undefined, options),
  connection: (uid: string) => call<Connection>("GET", `/connection/${part(uid)}`),
  /** Finds the SSH connection that an address stands for, or saves one. */
  saveAddress: (address: string) => call<{ uid: string; is_new: boolean; notes: string[] }>("PUT", "/address", { address }),
  createConnection: (fields: ConnectionFields) => call<{ uid: string }>("PUT", "/connection/", fields),
  updateConnection: (uid: string, fields: ConnectionFields, options?: RequestOptions) =>
    call<unknown>("PUT", `/connection/${part(uid)}`, fields, options),
  /** What an update would change, without changing it. */
  previewConnection: (uid: string, fields: ConnectionFields) =>
    call<DryRun>("PUT", `/connection/${part(uid)}?dry_run=1`, fields),
  deleteConnection: (uid: string, options?: RequestOptions) =>
    call<unknown>("DELETE", `/connection/${part(uid)}`, undefined, options),
  duplicateConnection: (uid: string) => call<{ uid: string }>("ACTION", `/connection/${part(uid)}/duplicate`),
  testConnection: (uid: string) => call<TestReport>("ACTION", `/connection/${part(uid)}/test`),
  credentials: (uid: string) => call<StoredCredentials>("GET", `/connection/${part(uid)}/credentials`),
  setCredentials: (uid: string, fields: CredentialFields, options?: RequestOptions) =>
    call<unknown>("PUT", `/connection/${part(uid)}/credentials`, fields, options),

  sharedCredentials: (options?: RequestOptions) => call<SharedCredential[]>("GET", "/credentials", undefined, options),
  createSharedCredential: (fields: SharedFields) => call<{ credential_uid: string }>("PUT", "/credential", fields),
  updateSharedCredential: (uid: string, fields: SharedFields) => call<unknown>("PUT", `/credential/${part(uid)}`, fields),
  deleteSharedCredential: (uid: string) => call<unknown>("DELETE", `/credential/${part(uid)}`),

  connect: (uid: string, viewOnly: boolean, credentials: CredentialFields | null) =>
    call<{ session_id: string; state: string }>(
      "ACTION",
      `/connection/${part(uid)}/${viewOnly ? "observe" : "connect"}`,
      credentials === null ? undefined : { credentials },
    ),
  openFiles: (uid: string, credentials: CredentialFields | null) =>
    call<{ session_id: string; connection_id: string; channel_id: string }>(
      "ACTION",
      `/connection/${part(uid)}/ft`,
      credentials === null ? undefined : { credentials },
    ),
  /** `channel` is `connection_id:channel_id` of a session of files. */
  fileCommand: (channel: string, command: FileCommand) => fileAnswer(call<FileAnswer>("ACTION", dialect(channel), command)),
  fileCommandHere: (command: FileCommand) => fileAnswer(answered(() => host.filesHere?.(command) ?? Promise.reject(new Unreachable()))),
  uploadPath: (channel: string, id: string) => `${dialect(channel)}/upload/${part(id)}`,
  downloadPath: (channel: string, id: string) => `${dialect(channel)}/download/${part(id)}`,
  changeFile: (id: string, change: { path: string; permissions?: number; text?: string; was?: string }) =>
    call<unknown>("PUT", `/session/${part(id)}/file`, change),
  /** Moves it into the machine's trash folder. */
  discardFile: (id: string, path: string) => call<unknown>("DELETE", `/session/${part(id)}/file?path=${part(path)}`),
  fileBytes: (id: string, path: string, limit: number) =>
    host.bytes(`/session/${part(id)}/file?path=${part(path)}&limit=${limit}`),
  transfers: (options?: RequestOptions) => call<TransferView[]>("GET", "/transfers", undefined, options),
  transfer: (id: string) => call<TransferView>("GET", `/transfer/${part(id)}`),
  startTransfer: (from: CopyPlace, to: CopyPlace) => call<TransferView>("PUT", "/transfer", { from, to }),
  pauseTransfer: (id: string) => call<TransferView>("ACTION", `/transfer/${part(id)}/pause`),
  resumeTransfer: (id: string, conflict: Conflict | null) =>
    call<TransferView>("ACTION", `/transfer/${part(id)}/resume`, conflict === null ? {} : { conflict }),
  cancelTransfer: (id: string) => call<TransferView>("ACTION", `/transfer/${part(id)}/cancel`),
  forgetTransfer: (id: string) => call<unknown>("DELETE", `/transfer/${part(id)}`),
  tunnels: (options?: RequestOptions) => call<TunnelView[]>("GET", "/tunnels", undefined, options),
  tunnel: (id: string) => call<TunnelView>("GET", `/tunnel/${part(id)}`),
  openTunnel: (wish: { uid: string; kind: TunnelKind; listen: string; to?: string }) => call<TunnelView>("PUT", "/tunnels", wish),
  closeTunnel: (id: string) => call<unknown>("DELETE", `/tunnel/${part(id)}`),
  sessions: () => call<SessionView[]>("GET", "/sessions"),
  session: (id: string) => call<SessionView>("GET", `/session/${part(id)}`),
  setViewOnly: (id: string, viewOnly: boolean) => call<unknown>("PUT", `/session/${part(id)}`, { view_only: viewOnly }),
  setQuality: (id: string, quality: Quality) => call<SessionView>("PUT", `/session/${part(id)}`, { quality }),
  chooseCodec: (id: string, codec: CodecChoice) => call<SessionView>("PUT", `/session/${part(id)}`, { codec }),
  reconnect: (id: string) => call<unknown>("ACTION", `/session/${part(id)}/reconnect`),
  answer: (id: string, answers: string[]) => call<unknown>("PUT", `/session/${part(id)}/answers`, { answers }),
  closeSession: (id: string, options?: RequestOptions) => call<unknown>("DELETE", `/session/${part(id)}`, undefined, options),
  smallScreenshot: (id: string, width: number) => host.bytes(`/session/${part(id)}/screenshot?format=jpeg&width=${width}`),
  screenshot: (id: string) => host.bytes(`/session/${part(id)}/screenshot?format=png`),
  thumbnail: (id: string, width: number) =>
    host.bytes(`/session/${part(id)}/screenshot?format=jpeg&width=${width}&keep_aspect=1`),
  sessionTicket: (id: string) => call<{ ticket: string; url: string }>("PUT", "/ticket", { session_id: id }),

  nearby: (options?: RequestOptions) => call<NearbyMachine[]>("GET", "/nearby", undefined, options),
  trust: (options?: RequestOptions) => call<TrustView[]>("GET", "/trust", undefined, options),
  acceptIdentity: (address: string, port: number, fingerprint: string) =>
    call<unknown>("PUT", "/trust/", { host: address, port, fingerprint }),
  forgetIdentity: (id: string) => call<unknown>("DELETE", `/trust/${part(id)}`),

  /** What an .rdp file would make; it is kept for a while, to be applied. */
  readFile: (file: File) => answered<ImportView>(() => host.readFile(file)),
  /** Tells of .rdp files that the program is started with. */
  watchOpened: (listener: (reading: Promise<ImportView>) => void) =>
    host.opened?.((answer) => listener(answered(() => Promise.resolve(answer)))),
  applyImport: (id: string) => call<ImportView>("ACTION", `/import/${part(id)}/apply`),
  exportFile: (uid: string) => host.bytes(`/export?format=rdp&uid=${part(uid)}`),

  history: (limit: number, { start = 0, ...options }: RequestOptions & { start?: number } = {}) =>
    call<ChangeView[]>("GET", `/history?limit=${limit}&start=${start}`, undefined, options),
  change: (id: string, options?: RequestOptions) => call<ChangeDetails>("GET", `/history/${part(id)}`, undefined, options),
  undoChange: (id: string) => call<Reverted>("ACTION", `/history/${part(id)}/undo`),
  restoreChange: (id: string) => call<Reverted>("ACTION", `/history/${part(id)}/restore`),
  undoRun: (run: string) => call<Reverted>("ACTION", `/run/${part(run)}/undo`),
  backups: (options?: RequestOptions) => call<BackupView[]>("GET", "/backups", undefined, options),
  backUp: () => call<BackupView>("ACTION", "/backups"),
  restoreBackup: (id: string) => call<RestoreView>("ACTION", `/backup/${part(id)}/restore`),

  settings: (options?: RequestOptions) => call<SettingsView>("GET", "/settings", undefined, options),
  changeSettings: (change: SettingsChange) => call<SettingsView>("PUT", "/settings", change),
  tokens: (options?: RequestOptions) => call<TokenView[]>("GET", "/tokens", undefined, options),
  createToken: (name: string, scopes: Scope[], expires: number | null) =>
    call<{ id: string; token: string }>("PUT", "/tokens", expires === null ? { name, scopes } : { name, scopes, expires }),
  deleteToken: (id: string, options?: RequestOptions) =>
    call<unknown>("DELETE", `/token/${part(id)}`, undefined, options),
  vault: (options?: RequestOptions) => call<VaultView>("GET", "/vault", undefined, options),
  unlockVault: (passphrase: string | null) =>
    call<VaultView>("ACTION", "/vault/unlock", passphrase === null ? {} : { passphrase }),
  lockVault: () => call<VaultView>("ACTION", "/vault/lock", {}),
  setPassphrase: (old: string | null, next: string) =>
    call<VaultView>("PUT", "/vault", { passphrase: old === null ? { new: next } : { old, new: next } }),

  /** Puts the password that a connection signs in with on the clipboard; it never comes through here. */
  copyPassword: (uid: string, passphrase: string) => copied(`/connection/${part(uid)}/credentials/copy`, passphrase),
  copySharedPassword: (uid: string, passphrase: string) => copied(`/credential/${part(uid)}/copy`, passphrase),
  version: (options?: RequestOptions) => call<VersionView>("GET", "/version", undefined, options),
};
