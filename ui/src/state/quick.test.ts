import { describe, expect, it } from "vitest";
import type { ProtocolKind } from "../bindings";
import { offered, parseQuick, quickAddress, quickName } from "./quick";

type Expected = [ProtocolKind, string, number, string | null] | null;

it.each<[string, Expected]>([
  ["vnc://host:5901", ["VNC", "host", 5901, null]],
  ["vnc://host", ["VNC", "host", 5900, null]],
  ["VNC://Host.example/", ["VNC", "Host.example", 5900, null]],
  ["host:1", ["VNC", "host", 5901, null]],
  ["host:0", ["VNC", "host", 5900, null]],
  ["host:99", ["VNC", "host", 5999, null]],
  ["host:100", ["VNC", "host", 100, null]],
  ["host:5902", ["VNC", "host", 5902, null]],
  ["host::5901", ["VNC", "host", 5901, null]],
  ["host::22", ["VNC", "host", 22, null]],
  ["10.0.0.7", ["VNC", "10.0.0.7", 5900, null]],
  ["press.plant.example", ["VNC", "press.plant.example", 5900, null]],
  ["rdp://host", ["RDP", "host", 3389, null]],
  ["rdp://host:1", ["RDP", "host", 1, null]],
  ["ssh://me@host", ["SSH", "host", 22, "me"]],
  ["ssh me@host:2222", ["SSH", "host", 2222, "me"]],
  ["ssh host", ["SSH", "host", 22, null]],
  ["me@host", ["VNC", "host", 5900, "me"]],
  ["ssh://me:secret@host", ["SSH", "host", 22, "me"]],
  ["ssh://me@example@host", ["SSH", "host", 22, "me@example"]],
  ["[fe80::1]", ["VNC", "fe80::1", 5900, null]],
  ["[fe80::1]:1", ["VNC", "fe80::1", 5901, null]],
  ["[fe80::1]::5901", ["VNC", "fe80::1", 5901, null]],
  ["fe80::1:2:3", ["VNC", "fe80::1:2:3", 5900, null]],
  ["  host:1  ", ["VNC", "host", 5901, null]],
  ["", null],
  ["press", null],
  ["press hall", null],
  ["http://host", null],
  ["vnc://", null],
  ["vnc://host:70000", null],
  ["host::0", null],
  ["rdp://host:0", null],
  ["host:port", null],
  ["@host", null],
  ["ho st:1", null],
  ["-host.example", null],
  ["ssh -x", null],
  ["vnc://a.-b", null],
  ["vnc://a..b", null],
  ["vnc://.a", null],
  ["10.0.0.999", null],
  ["vnc://10.0.0", null],
  ["vnc://10.0.0.1.2:5900", null],
  ["vnc://4711", null],
  ["255.255.255.255", ["VNC", "255.255.255.255", 5900, null]],
  ["vnc://4711-a.example.", ["VNC", "4711-a.example.", 5900, null]],
  ["vnc://bücher.example", ["VNC", "bücher.example", 5900, null]],
  ["vnc://PC-", ["VNC", "PC-", 5900, null]],
  ["a_b.example", ["VNC", "a_b.example", 5900, null]],
])("reads %j", (text, expected) => {
  const target = parseQuick(text);
  expect(target && [target.protocol, target.host, target.port, target.username]).toEqual(expected);
});

describe("a bare word", () => {
  const at = (protocol: ProtocolKind, host: string, port: number) => ({ protocol, host, port });
  const saved = [at("VNC", "press-04", 5900), at("VNC", "Lathe", 5900), at("VNC", "saw", 5901), at("RDP", "mill", 3389), at("VNC", "10.0.0.7", 5900)];

  it("is a host where nothing else is asked for", () => {
    expect(parseQuick("press", true)?.host).toBe("press");
    expect(parseQuick("press hall", true)).toBeNull();
  });

  it("may be a host among other things, but is not surely one", () => {
    expect(offered("press", saved)).toEqual({ target: { protocol: "VNC", host: "press", port: 5900, username: null }, isSure: false });
    expect(offered("press hall", saved)).toBeNull();
    expect(offered("-press", saved)).toBeNull();
  });

  it("is offered unless a saved machine is at just that address", () => {
    expect(offered("press", saved)?.target.host).toBe("press");
    expect(offered("press-0", saved)?.target.host).toBe("press-0");
    expect(offered("press-04", saved)).toBeNull();
    expect(offered("lathe", saved)).toBeNull();
    expect(offered("saw", saved)?.target.port).toBe(5900);
    expect(offered("mill", saved)?.target.protocol).toBe("VNC");
  });

  it("is always offered once it is surely an address", () => {
    expect(offered("10.0.0.7", saved)?.isSure).toBe(true);
    expect(offered("vnc://lathe", saved)?.isSure).toBe(true);
  });
});

describe("names and addresses", () => {
  it.each([
    ["vnc://host", "host", "vnc://host"],
    ["host:1", "host:5901", "vnc://host:5901"],
    ["ssh me@host", "host", "ssh://me@host"],
    ["[fe80::1]:1", "[fe80::1]:5901", "vnc://[fe80::1]:5901"],
  ])("%s", (text, name, address) => {
    const target = parseQuick(text);
    expect(target && [quickName(target), quickAddress(target)]).toEqual([name, address]);
  });
});
