import { expect, it } from "vitest";
import type { Connection } from "../bindings";
import { fit, NO_FIT } from "./fuzzy";
import { matching, search } from "./search";

/** Machines from the fields that are searched. */
function machines(...some: Partial<Connection>[]): Connection[] {
  return some.map((fields, index) => ({
    uid: `c_${index}`,
    name: "",
    protocol: "VNC",
    host: "",
    port: 5900,
    via: null,
    category_uid: null,
    tags: [],
    favorite: false,
    notes: "",
    mac: null,
    credential: null,
    credential_withheld: false,
    settings: {},
    revision: 1,
    created: 0,
    modified: 0,
    last_connected: null,
    ...fields,
  }));
}

const named = (...names: string[]): Connection[] => machines(...names.map((name) => ({ name })));
const best = (text: string, list: Connection[], limit = 8): string[] => search(text, list, limit).best.map(({ name }) => name);

it.each([
  ["press", ["press", "press-04", "the press", "compress", "p-rest-s"]],
  ["PRESS", ["press", "press-04", "the press", "compress", "p-rest-s"]],
  ["04", ["press-04"]],
  ["pr04", ["press-04"]],
  ["4rp", []],
])("%j finds the whole name, its beginning, a word in it, a part of it, then its letters", (text, expected) => {
  expect(best(text, named("p-rest-s", "compress", "the press", "press-04", "press", "lathe"))).toEqual(expected);
});

it("prefers letters that are close together", () => {
  expect(best("ph2", named("press of the hall 2", "ph-002", "plant-h2"))).toEqual(["ph-002", "plant-h2", "press of the hall 2"]);
});

it("puts what was used last first, among those that fit as well", () => {
  const list = machines(
    { name: "press-01" },
    { name: "press-02", last_connected: 10 },
    { name: "the press", last_connected: 99 },
    { name: "press-03", last_connected: 20 },
  );
  expect(best("press", list)).toEqual(["press-03", "press-02", "press-01", "the press"]);
  expect(best("", list)).toEqual(["the press", "press-03", "press-02", "press-01"]);
});

it("looks beside the name too: at the address, the type, tags and notes", () => {
  const list = machines({ name: "one", host: "10.0.0.7" }, { name: "two", tags: ["Hall 2"] }, { name: "three", notes: "behind\nthe stairs", protocol: "RDP" });
  expect(best("0.0.7", list)).toEqual(["one"]);
  expect(best("hall", list)).toEqual(["two"]);
  expect(best("behind stairs", list)).toEqual(["three"]);
  expect(best("rdp", list)).toEqual(["three"]);
});

it("wants every word, in whatever order, and never finds one that reaches from one machine to the next", () => {
  const list = machines({ name: "press", tags: ["hall"] }, { name: "hall lamp" });
  expect(best("hall press", list)).toEqual(["press"]);
  expect(best("presshall", list)).toEqual([]);
  expect(best("hall nothing", list)).toEqual([]);
});

it("counts all and returns few", () => {
  const list = named(...Array.from({ length: 500 }, (_, at) => `host-${at}`));
  const found = search("host", list, 3);
  expect([found.best.map(({ name }) => name), found.count]).toEqual([["host-0", "host-1", "host-2"], 500]);
  expect(search("zzz", list, 3)).toEqual({ best: [], count: 0, fit: NO_FIT });
  expect(search("x", [], 3).count).toBe(0);
});

it("finds the same letter by letter as all at once", () => {
  const names = Array.from({ length: 300 }, (_, at) => `${["press", "lathe", "mill"][at % 3]}-${(at * 7919) % 300}`);
  const list = named(...names);
  for (const text of ["press-12", "m1 2", "lathe 29", "ml"]) {
    for (let length = 1; length <= text.length; length += 1) search(text.slice(0, length), list, 8);
    expect(search(text, list, 8)).toEqual(search(text, [...list], 8));
  }
});

it("filters the same letter by letter as all at once", () => {
  const names = Array.from({ length: 300 }, (_, at) => `${["anna", "banana", "a an ann"][at % 3]}-${(at * 7919) % 300}`);
  const list = named(...names, "aan", "an", "b");
  for (const text of ["anna-1", "nan", "ann 2 an", "an 29", "vnc"]) {
    for (let length = 1; length <= text.length; length += 1) {
      const part = text.slice(0, length);
      expect(matching(part, list), part).toEqual(matching(part, [...list]));
      expect(matching(part, list), part).toEqual(
        list.filter(({ name }) => part.split(" ").every((word) => `${name}\tvnc`.includes(word))),
      );
    }
  }
  expect(matching("an", list)).toEqual(matching("an", [...list]));
});

it("is the list itself where everything fits, so that nothing is drawn anew", () => {
  const list = named("press-04", "press-05");
  expect(matching("press", list)).toBe(list);
});

it("filters by what is there in one piece", () => {
  const list = named("press-04", "lathe", "P R E S S");
  expect(matching("press", list)).toEqual([list[0]]);
  expect(matching("  ", list)).toBe(list);
  expect(matching("a THE", list)).toEqual([list[1]]);
});

it.each([
  ["press-04", "press-04", 0],
  ["press-04", "press", 1],
  ["press-04", "04", 2],
  ["press-04", "ress", 3],
  ["xpress press", "press", 2],
  ["łódź hall", "ódź", 3],
])("%j fits %j as %d", (name, word, expected) => {
  expect(fit(name, word)).toBe(expected);
});
