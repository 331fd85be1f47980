/** The tunnels that a machine's settings name, as they are written: `L 8080 web:80, R 9000 localhost:3000, D 1080`. */
import type { TunnelKind } from "../bindings";

export interface TunnelPlan {
  kind: TunnelKind;
  listen: string;
  /** None for a proxy. */
  to: string | null;
}

const LETTERS: Record<string, TunnelKind> = { L: "local", R: "remote", D: "dynamic" };

/** The tunnels of a setting; parts that are none are left out: the core refuses to save those. */
export function plansOf(text: string): TunnelPlan[] {
  return text.split(/[,;]/).flatMap((part): TunnelPlan[] => {
    const [letter = "", listen, to, ...more] = part.trim().split(/\s+/);
    const kind = LETTERS[letter];
    if (kind === undefined || listen === undefined || more.length > 0 || (to === undefined) !== (kind === "dynamic")) return [];
    return [{ kind, listen, to: to ?? null }];
  });
}

/** A tunnel as a part of a setting. */
export function planText({ kind, listen, to }: TunnelPlan): string {
  const letter = Object.entries(LETTERS).find(([, each]) => each === kind)?.[0] ?? "";
  return [letter, listen, ...(to === null ? [] : [to])].join(" ");
}

/** Tells whether two mean the same: a port alone is one on the loopback interface. */
export function planKey({ kind, listen, to }: TunnelPlan): string {
  const loopback = kind === "remote" ? "localhost" : "127.0.0.1";
  const place = listen.replace(/^localhost:/, `${loopback}:`);
  return [kind, /^\d+$/.test(place) ? `${loopback}:${place}` : place, to ?? ""].join(" ");
}
