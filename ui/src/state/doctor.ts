/** What a connection test found, as a text to hand to somebody else: nothing in it tells which machine it was. */
import { api, ApiError, type StoredCredentials } from "../api";
import type { Connection, ErrorBody, TestReport, VersionView } from "../bindings";
import { host } from "../host";
import { t } from "../texts";
import { DEFAULT_PORT } from "./address";
import { connections } from "./connections.svelte";
import { credentialKeys, storedText } from "./credentials";
import { groups } from "./groups.svelte";
import { inheritedCredential } from "./inheritance";
import { stageOf } from "./problem";
import { type Known, redact } from "./redact";
import { shared } from "./shared.svelte";
import { version } from "./version";

export interface Finding {
  machine: Connection;
  /** In milliseconds since 1970. */
  at: number;
  /** What the test found, or why there was none. */
  found: TestReport | ErrorBody;
  /** What must not be told. */
  known: Known;
  version: VersionView | null;
  system: string;
  userAgent: string;
}

/** Gathers what the report of a test is made of, also what must not be in it. */
export async function gather(machine: Connection, found: TestReport | ErrorBody): Promise<Finding> {
  const at = Date.now();
  const [stored, about] = await Promise.all([storedOf(machine), host.about().catch(() => null), version.need()]);
  return { machine, at, found, known: knownOf(machine, stored), version: version.value, system: about?.system ?? "", userAgent: navigator.userAgent };
}

async function storedOf({ uid }: Connection): Promise<StoredCredentials | null> {
  try {
    return await api.credentials(uid);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return null;
  }
}

/** Names and addresses of a machine, of those on the way to it, and of who signs in. */
function knownOf(machine: Connection, stored: StoredCredentials | null): Known {
  const keys = credentialKeys(machine.protocol);
  const via = connections.get(machine.via);
  const credential = machine.credential ?? inheritedCredential(machine.category_uid)?.value;
  const used = shared.all.find((one) => one.credential_uid === credential);
  const words = [machine, via].flatMap((one) => Object.values(one?.settings ?? {}).flatMap((value) => (typeof value === "string" ? value.split(/[\s,;@=]+/) : [])));
  return [
    ["host", machine.host],
    ["host", via?.host],
    ["machine", machine.name],
    ["machine", via?.name],
    ["user", storedText(stored, keys.username)],
    ["user", used?.username],
    ["domain", keys.domain === null ? null : storedText(stored, keys.domain)],
    ["domain", used?.domain],
    ["credentials", used?.name],
    ["mac", machine.mac],
    ...groups.path(machine.category_uid).map((name) => ["group", name] as const),
    ...machine.tags.map((tag) => ["tag", tag] as const),
    // Ways, files and gateways: what is written in such settings is somebody's name or address.
    ...words.filter((word) => word.length > 2 && /[^a-z]/i.test(word)).map((word) => ["setting", word] as const),
  ];
}

const milliseconds = (ms: number): string => t.inspector.ms(ms);

/** The report, a line a fact. */
export function reportOf({ machine, at, found, known, version: program, system, userAgent }: Finding): string {
  const texts = t.doctor;
  const line = (name: string, value: string | number | null | undefined): string[] =>
    value === null || value === undefined || value === "" ? [] : [`${name}: ${value}`];
  const way = [
    machine.protocol,
    texts.port(machine.port === DEFAULT_PORT[machine.protocol]),
    ...(machine.via === null ? [] : [texts.via]),
  ];
  return [
    texts.title,
    ...line(texts.at, new Date(at).toISOString()),
    ...line(texts.version, program?.version),
    ...line(texts.commit, program?.commit),
    ...line(texts.api, program?.api),
    ...line(texts.system, system),
    ...line(texts.browser, userAgent),
    ...line(texts.protocol, way.join(", ")),
    ...("stages" in found ? stagesOf(found, known) : errorOf(found, known)),
  ].join("\n");
}

function stagesOf({ ok, stages, host_key: identity }: TestReport, known: Known): string[] {
  const texts = t.doctor;
  const all = stages.reduce((sum, { ms }) => sum + ms, 0);
  return [
    `${texts.result}: ${ok ? texts.ok(milliseconds(all)) : texts.failed}`,
    ...stages.map(({ stage, ok: went, ms, message }) => {
      const said = message === "" ? "" : `: ${redact(message, known)}`;
      return `  ${stage} (${t.stages[stage]}), ${milliseconds(ms)}, ${went ? texts.stage.ok : texts.stage.failed}${said}`;
    }),
    ...(identity ? [`${texts.identity}: ${identity.type}, ${t.trust.states[identity.state]}`] : []),
  ];
}

function errorOf(error: ErrorBody, known: Known): string[] {
  const texts = t.doctor;
  const stage = stageOf(error);
  return [
    `${texts.result}: ${texts.failed}`,
    `${texts.error}: ${error.error_code}${stage ? ` (${stage})` : ""}: ${redact(error.error_message, known)}`,
    ...error.details.map((detail) => `  ${detail.error_code}: ${redact(detail.error_message, known)}`),
  ];
}
