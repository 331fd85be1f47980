import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { api } from "../api";
import type { Connection, ErrorBody, SharedCredential, TestReport, VersionView } from "../bindings";
import { gather, reportOf } from "./doctor";
import { redact } from "./redact";
import { shared } from "./shared.svelte";
import { version } from "./version";

const answers = vi.hoisted((): Record<string, unknown> => ({}));
vi.mock("../host", () => ({
  host: {
    about: () => Promise.resolve({ system: "Linux 6.8", data_folder: "/home/anna/.local/share/farwire" }),
    request: (_: string, path: string) => Promise.resolve({ status: 200, body: answers[path] }),
  },
  Unreachable: class extends Error {},
}));

const machine = {
  uid: "c1",
  name: "Press 04",
  protocol: "SSH",
  host: "press-04.plant.example",
  port: 2222,
  via: null,
  category_uid: null,
  tags: ["customer acme"],
  mac: "00:11:22:aa:bb:cc",
  credential: "k_1",
  settings: { "ssh.jump": "me@outer-gate, you@10.9.8.7:2222", "ssh.key_file": "/home/anna/.ssh/id_press", "ssh.agent": true },
} as unknown as Connection;

/** Everything that would tell which machine it is, and who signs in. */
const TOLD = [
  "press", "plant", "example", "acme", "00:11:22", "operator", "PLANTDOM", "line staff", "outer", "10.9.8.7", "10.20.4.31", "fe80",
  "2001:db8", "anna", "id_press", "hunter2", "Vq3x",
];

beforeEach(async () => {
  answers["/credentials"] = [{ credential_uid: "k_1", name: "Line staff", username: "shift", domain: "PLANTDOM", secrets: ["password"] }] as SharedCredential[];
  answers["/version"] = { name: "Farwire", version: "1.2.3", commit: "abc1234", api: 1, instance: "i" } satisfies VersionView;
  answers["/connection/c1/credentials"] = { "ssh.username": "operator", redacted: ["ssh.password"] };
  await Promise.all([shared.load(), version.load()]);
});
afterEach(() => vi.restoreAllMocks());

async function report(found: TestReport | ErrorBody): Promise<string> {
  const text = reportOf(await gather(machine, found));
  for (const word of TOLD) expect(text.toLowerCase()).not.toContain(word.toLowerCase());
  return text;
}

describe("the report of a test", () => {
  it("tells versions, protocol, every stage with its time, and the error, and nothing of who and where", async () => {
    const text = await report({
      ok: false,
      stages: [
        { stage: "resolve", ok: true, ms: 1.24, message: "press-04.plant.example is 10.20.4.31 and fe80::1%eth0 and 2001:db8:0:1::7" },
        { stage: "connect", ok: true, ms: 18, message: "connected to 10.20.4.31:2222 by way of me@outer-gate" },
        { stage: "host_key", ok: true, ms: 3, message: "SHA256:Vq3xk2Lr9abcdefghijklmnop known since Press 04 was added" },
        { stage: "auth", ok: false, ms: 310, message: "operator@PRESS-04.plant.example was refused with /home/anna/.ssh/id_press: the machine said “bad password hunter2 for PLANTDOM\\shift”" },
      ],
      host_key: { type: "ssh-ed25519", fingerprint: "SHA256:Vq3xk2Lr9abcdefghijklmnop", state: "trusted" },
    });
    for (const word of ["1.2.3", "abc1234", "Linux 6.8", "SSH, another port", "FAILED", "310 ms", "1.2 ms", "ssh-ed25519, Trusted"]) expect(text).toContain(word);
    expect(text).toContain("connect (Opening the connection), 18 ms, ok: connected to <host>:2222 by way of <user>@<setting>");
    expect(text).toContain("<user>@<host> was refused with <setting>: the machine said “<text>”");
  });

  it("tells why there was no test", async () => {
    const text = await report({
      error_code: "CONFIGURATION_ERROR",
      error_message: "Press 04 has no way: customer acme's line 10.20.4.31 is down",
      property: "connect",
      details: [{ error_code: "GENERAL_ERROR", error_message: "shift at press-04.plant.example:22", details: [] }],
    });
    expect(text).toContain("Error: CONFIGURATION_ERROR (connect): <machine> has no way");
  });

  it("asks for nothing but what is told or taken out", async () => {
    const asked = vi.spyOn(api, "credentials");
    await gather(machine, { ok: true, stages: [] });
    expect(asked.mock.calls).toEqual([["c1"]]);
  });
});

describe("what is taken out of a text", () => {
  it.each([
    ["could not reach 192.168.0.7:5900 within 10s", "could not reach <host>:5900 within 10s"],
    ["[2001:db8::1]:5900 and ::1 refused", "<host>:5900 and <host> refused"],
    ["ssh://me@inner.lan:2222/x failed", "<address> failed"],
    ["me@inner failed", "<user>@inner failed"],
    ["gw.inner.lan, then db_1.local", "<host>, then <host>"],
    ["no key in C:\\Users\\Anna\\key", "no key in <path>"],
    ["00:1a:2b:3c:4d:5e sleeps", "<mac> sleeps"],
    ["took 1.5 s at 12:30:05 with RFB 003.008, TLS 1.3", "took 1.5 s at 12:30:05 with RFB 003.008, TLS 1.3"],
    ["the machine offers RFB 3.8 and no security. Try again.", "the machine offers RFB 3.8 and no security. Try again."],
  ])("%s", (text, told) => expect(redact(text, [])).toBe(told));

  it("is what is known, as whole words in any case, the longest first", () => {
    const known = [["machine", "press"], ["host", "press.lan"], ["user", ""], ["user", null], ["user", "a.b*c"]] as const;
    expect(redact("PRESS at press.lan expresses a.b*c", known)).toBe("<machine> at <host> expresses <user>");
  });
});
