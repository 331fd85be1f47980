/** Typed calls of the API. One function a route; every failure is an {@link ApiError}. */
import type {
  BackupView,
  ChangeDetails,
  ChangeView,
  Connection,
  ErrorBody,
  Group,
  NearbyMachine,
  ProtocolKind,
  Quality,
  RestoreView,
  Scope,
  SessionView,
  Settings,
  SettingsView,
  TestReport,
  TokenView,
  TrustView,
  VaultView,
  VersionView,
} from "./bindings";
import { host, type Method, type RequestOptions, Unreachable } from "./host";

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

async function call<T>(method: Method, path: string, body?: unknown, options?: RequestOptions): Promise<T> {
  let answer;
  try {
    answer = await host.request(method, path, body, options);
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

/** What can be written of a connection; absent stays, `null` goes back to the default. */
export interface ConnectionFields {
  name?: string;
  protocol?: ProtocolKind;
  host?: string;
  port?: number | null;
  category_uid?: string | null;
  tags?: string[];
  favorite?: boolean;
  notes?: string;
  [setting: `${string}.${string}`]: unknown;
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
}

export const api = {
  groups: () => call<Group[]>("GET", "/groups"),
  createGroup: (name: string, parent: string | null) =>
    call<{ group_uid: string }>("PUT", "/group/", parent === null ? { name } : { name, parent_uid: parent }),
  renameGroup: (uid: string, name: string) => call<unknown>("PUT", `/group/${part(uid)}`, { name }),
  moveGroup: (uid: string, parent: string | null) => call<unknown>("PUT", `/group/${part(uid)}`, { parent_uid: parent }),
  deleteGroup: (uid: string) => call<unknown>("DELETE", `/group/${part(uid)}`),

  connections: () => call<Connection[]>("GET", "/connections"),
  connection: (uid: string) => call<Connection>("GET", `/connection/${part(uid)}`),
  createConnection: (fields: ConnectionFields) => call<{ uid: string }>("PUT", "/connection/", fields),
  updateConnection: (uid: string, fields: ConnectionFields) => call<unknown>("PUT", `/connection/${part(uid)}`, fields),
  deleteConnection: (uid: string) => call<unknown>("DELETE", `/connection/${part(uid)}`),
  duplicateConnection: (uid: string) => call<{ uid: string }>("ACTION", `/connection/${part(uid)}/duplicate`),
  testConnection: (uid: string) => call<TestReport>("ACTION", `/connection/${part(uid)}/test`),
  credentials: (uid: string) => call<StoredCredentials>("GET", `/connection/${part(uid)}/credentials`),
  setCredentials: (uid: string, fields: CredentialFields) =>
    call<unknown>("PUT", `/connection/${part(uid)}/credentials`, fields),

  connect: (uid: string, viewOnly: boolean, credentials: CredentialFields | null) =>
    call<{ session_id: string; state: string }>(
      "ACTION",
      `/connection/${part(uid)}/${viewOnly ? "observe" : "connect"}`,
      credentials === null ? undefined : { credentials },
    ),
  sessions: () => call<SessionView[]>("GET", "/sessions"),
  setViewOnly: (id: string, viewOnly: boolean) => call<unknown>("PUT", `/session/${part(id)}`, { view_only: viewOnly }),
  setQuality: (id: string, quality: Quality) => call<unknown>("PUT", `/session/${part(id)}`, { quality }),
  reconnect: (id: string) => call<unknown>("ACTION", `/session/${part(id)}/reconnect`),
  closeSession: (id: string) => call<unknown>("DELETE", `/session/${part(id)}`),
  screenshot: (id: string) => host.bytes(`/session/${part(id)}/screenshot?format=png`),
  thumbnail: (id: string, width: number) =>
    host.bytes(`/session/${part(id)}/screenshot?format=jpeg&width=${width}&keep_aspect=1`),
  sessionTicket: (id: string) => call<{ ticket: string; url: string }>("PUT", "/ticket", { session_id: id }),

  nearby: () => call<NearbyMachine[]>("GET", "/nearby"),
  trust: () => call<TrustView[]>("GET", "/trust"),
  acceptIdentity: (address: string, port: number, fingerprint: string) =>
    call<unknown>("PUT", "/trust/", { host: address, port, fingerprint }),
  forgetIdentity: (id: string) => call<unknown>("DELETE", `/trust/${part(id)}`),

  history: (limit: number) => call<ChangeView[]>("GET", `/history?limit=${limit}`),
  change: (id: string) => call<ChangeDetails>("GET", `/history/${part(id)}`),
  undoChange: (id: string) => call<Reverted>("ACTION", `/history/${part(id)}/undo`),
  restoreChange: (id: string) => call<Reverted>("ACTION", `/history/${part(id)}/restore`),
  undoRun: (run: string) => call<Reverted>("ACTION", `/run/${part(run)}/undo`),
  backups: () => call<BackupView[]>("GET", "/backups"),
  backUp: () => call<BackupView>("ACTION", "/backups"),
  restoreBackup: (id: string) => call<RestoreView>("ACTION", `/backup/${part(id)}/restore`),

  settings: () => call<SettingsView>("GET", "/settings"),
  changeSettings: (change: SettingsChange) => call<SettingsView>("PUT", "/settings", change),
  tokens: () => call<TokenView[]>("GET", "/tokens"),
  createToken: (name: string, scopes: Scope[], expires: number | null) =>
    call<{ id: string; token: string }>("PUT", "/tokens", expires === null ? { name, scopes } : { name, scopes, expires }),
  deleteToken: (id: string, options?: RequestOptions) =>
    call<unknown>("DELETE", `/token/${part(id)}`, undefined, options),
  vault: () => call<VaultView>("GET", "/vault"),
  unlockVault: (passphrase: string | null) =>
    call<VaultView>("ACTION", "/vault/unlock", passphrase === null ? {} : { passphrase }),
  lockVault: () => call<VaultView>("ACTION", "/vault/lock", {}),
  version: () => call<VersionView>("GET", "/version"),
};
