import { expect, it } from "vitest";
import type { Connection } from "../bindings";
import type { SortKey } from "./layout.svelte";
import { MachineOrder } from "./machineorder";

function machine(name: string, fields: Partial<Connection> = {}): Connection {
  return { uid: name, name, protocol: "VNC", host: "", port: 5900, category_uid: null, last_connected: null, ...fields } as Connection;
}

const list = [
  machine("press-10", { host: "10.0.0.9", last_connected: 5, category_uid: "b" }),
  machine("Press-9", { host: "10.0.0.10", category_uid: "a" }),
  machine("Äpfel", { protocol: "RDP", host: "10.0.0.9", port: 5901, last_connected: 90 }),
  machine("apfelsine", { host: "hall-2", category_uid: "b" }),
];
const groups: Record<string, string> = { a: "Hall 10", b: "hall 9" };
const groupOf = ({ category_uid: uid }: Connection): string => (uid === null ? "" : (groups[uid] ?? ""));
const sorted = (order: MachineOrder, machines: Connection[], key: SortKey, isDescending = false): string[] =>
  order.of(machines, { key, isDescending, groupOf, groups }).map(({ name }) => name);

it.each([
  ["name", false, ["Äpfel", "apfelsine", "Press-9", "press-10"]],
  ["name", true, ["press-10", "Press-9", "apfelsine", "Äpfel"]],
  ["protocol", false, ["Äpfel", "apfelsine", "Press-9", "press-10"]],
  ["protocol", true, ["apfelsine", "Press-9", "press-10", "Äpfel"]],
  ["address", false, ["press-10", "Äpfel", "Press-9", "apfelsine"]],
  ["group", false, ["Äpfel", "apfelsine", "press-10", "Press-9"]],
  ["group", true, ["Press-9", "apfelsine", "press-10", "Äpfel"]],
  ["last", true, ["Äpfel", "press-10", "apfelsine", "Press-9"]],
] as const)("puts machines in order by %s, turned round: %s", (key, isDescending, expected) => {
  expect(sorted(new MachineOrder(), list, key, isDescending)).toEqual(expected);
});

it("is the same after a change as if everything were sorted anew", () => {
  const order = new MachineOrder();
  const many = Array.from({ length: 500 }, (_, at) => machine(`host-${(at * 7919) % 500}`, { host: `10.0.${at % 7}.${at % 250}` }));
  for (const key of ["name", "address", "last"] as const) sorted(order, many, key);
  const changed = many.with(77, machine("host-12", { host: "10.0.3.99", last_connected: 7 }));
  for (const key of ["name", "address", "last"] as const) expect(sorted(order, changed, key)).toEqual(sorted(new MachineOrder(), changed, key));
});
