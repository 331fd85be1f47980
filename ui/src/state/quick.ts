/** Quick connect: what a person typed into the command bar, read as the address of a machine. */
import type { Connection, ProtocolKind } from "../bindings";
import { DEFAULT_PORT } from "./address";

export interface QuickTarget {
  protocol: ProtocolKind;
  host: string;
  port: number;
  username: string | null;
}

const SCHEMES: Readonly<Record<string, ProtocolKind>> = { vnc: "VNC", rdp: "RDP", ssh: "SSH" };
/** VNC counts displays from port 5900; `host:1` means 5901. */
const VNC_BASE = 5900;
const MAX_DISPLAY = 99;
/** Names of up to 63 characters between dots, of which none begins with a dash. */
const NAME = /^(?![.-])(?!.*\.[.-])(?:[\p{L}\p{N}_-]{1,63}(?:\.|$))+$/u;
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/**
 * Reads `vnc://host:5901`, `host:1`, `host::5901`, `rdp://host`, `ssh://me@host`, `ssh me@host` or a bare host.
 *
 * Returns `null` for anything that is not surely an address; a bare word needs a dot, a colon or a scheme to be one,
 * unless `isBareWordEnough` says that nothing else is asked for.
 */
export function parseQuick(text: string, isBareWordEnough = false): QuickTarget | null {
  const trimmed = text.trim();
  const schemed = /^([a-z]+)(?::\/\/|\s+)(\S+)$/i.exec(trimmed);
  const scheme = schemed?.[1]?.toLowerCase();
  const protocol = scheme === undefined ? "VNC" : SCHEMES[scheme];
  if (protocol === undefined) return null;
  const rest = (schemed?.[2] ?? trimmed).replace(/\/$/, "");
  if (rest === "" || /\s/.test(rest)) return null;

  const at = rest.lastIndexOf("@");
  const username = at > 0 ? rest.slice(0, at).replace(/:.*$/, "") : null; // A password in an address is not kept.
  const place = splitPort(rest.slice(at + 1));
  if (!place || at === 0) return null;
  const isCertain = scheme !== undefined || username !== null || place.port !== null || /[.:]/.test(place.host);
  if (!isCertain && !isBareWordEnough) return null;

  const port = portOf(protocol, place.port, place.isDisplay);
  return port === null ? null : { protocol, host: place.host, port, username: username === "" ? null : username };
}

/**
 * What a person may mean as an address in the midst of other things. A bare word is not surely one, and none where a saved machine is
 * at just that address.
 */
export function offered(text: string, saved: readonly SavedAddress[]): { target: QuickTarget; isSure: boolean } | null {
  const sure = parseQuick(text);
  if (sure) return { target: sure, isSure: true };
  const target = parseQuick(text, true);
  if (!target) return null;
  const wanted = target.host.toLowerCase();
  for (const { protocol, host, port } of saved) {
    // The length first: it is asked at every letter, of every machine.
    const isThere = host?.length === wanted.length && host.toLowerCase() === wanted;
    if (isThere && protocol === target.protocol && (port ?? DEFAULT_PORT[protocol]) === target.port) return null;
  }
  return { target, isSure: false };
}

type SavedAddress = Pick<Connection, "protocol" | "host" | "port">;

interface PlaceText {
  host: string;
  port: string | null;
  /** One colon after a VNC host may mean a display. */
  isDisplay: boolean;
}

function splitPort(text: string): PlaceText | null {
  const bracketed = /^\[([0-9a-f:.%]+)\](?:(::?)(\d+))?$/i.exec(text);
  if (bracketed?.[1] !== undefined) {
    return { host: bracketed[1], port: bracketed[3] ?? null, isDisplay: bracketed[2] === ":" };
  }
  if (/^[0-9a-f]*(?::[0-9a-f]*){3,}$/i.test(text) && !/:::/.test(text)) return { host: text, port: null, isDisplay: false };
  const plain = /^([^:]+)(?:(::?)(\d+))?$/.exec(text);
  if (plain?.[1] === undefined || !isName(plain[1])) return null;
  return { host: plain[1], port: plain[3] ?? null, isDisplay: plain[2] === ":" };
}

/** Whether a text is a host's name or an IPv4 address: what ends in a number is nothing else. */
function isName(text: string): boolean {
  return text.length <= 253 && (/(?:^|\.)\d+\.?$/.test(text) ? IPV4 : NAME).test(text);
}

function portOf(protocol: ProtocolKind, text: string | null, isDisplay: boolean): number | null {
  if (text === null) return DEFAULT_PORT[protocol];
  const value = Number(text);
  if (protocol === "VNC" && isDisplay && value <= MAX_DISPLAY) return VNC_BASE + value;
  return value >= 1 && value <= 65535 ? value : null;
}

/** What a quick target is called while nobody has named it. */
export function quickName({ protocol, host, port }: QuickTarget): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return port === DEFAULT_PORT[protocol] ? host : `${name}:${port}`;
}

/** The target as an address with its scheme. */
export function quickAddress({ protocol, host, port, username }: QuickTarget): string {
  const name = host.includes(":") ? `[${host}]` : host;
  const user = username === null ? "" : `${username}@`;
  return `${protocol.toLowerCase()}://${user}${name}${port === DEFAULT_PORT[protocol] ? "" : `:${port}`}`;
}
