/** Addresses as people read and type them. */
import type { Connection, ProtocolKind } from "../bindings";

export const DEFAULT_PORT: Readonly<Record<ProtocolKind, number>> = { VNC: 5900, RDP: 3389, SSH: 22, NEAR: 0, APPLE: 5900 };

/** Protocols a new machine can be given. */
export const OFFERED_PROTOCOLS: readonly ProtocolKind[] = ["VNC", "RDP", "SSH"];

/** `host` or `host:port` where the port is not the usual one. */
export function addressOf({ host, port, protocol }: Pick<Connection, "host" | "port" | "protocol">): string {
  if (!host) return "";
  const name = host.includes(":") ? `[${host}]` : host;
  return port === DEFAULT_PORT[protocol] || port === 0 ? host : `${name}:${port}`;
}

/** Always with its port, for messages. */
export function endpointOf({ host, port }: Pick<Connection, "host" | "port">): string {
  const name = host ?? "";
  return name.includes(":") ? `[${name}]:${port}` : `${name}:${port}`;
}

/** A port as typed: its number, `null` for none, or `"bad"`. */
export function readPort(text: string): number | null | "bad" {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  const value = Number(trimmed);
  return /^\d+$/.test(trimmed) && value >= 1 && value <= 65535 ? value : "bad";
}

/** Whether a machine is asked to take the size of its tab. */
export function followsWindow(machine: Pick<Connection, "protocol" | "settings"> | null): boolean {
  if (machine?.protocol !== "RDP") return machine?.settings["vnc.resize"] === true;
  const isFixed = machine.settings["rdp.width"] !== undefined && machine.settings["rdp.height"] !== undefined;
  return machine.settings["rdp.resize"] === undefined ? !isFixed : machine.settings["rdp.resize"] === true;
}
