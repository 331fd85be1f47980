// A fresh farwired for one test, and a way to ask it what a script could ask.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { until } from "../desktop/processes.mjs";

const root = join(import.meta.dirname, "../../..");
const PROGRAM = resolve(root, process.env.FARWIRED_BIN ?? join(process.env.CARGO_TARGET_DIR ?? "target", "debug/farwired"));

export class Farwired {
  constructor(sandbox, program, data, link) {
    this.sandbox = sandbox;
    this.program = program;
    this.data = data;
    /** The first sign-in link. It works once. */
    this.link = link;
    this.url = new URL(link).origin;
    this.token = readFileSync(join(data, "api-token"), "utf8").trim();
  }

  /** Sends a request with the first token, and returns the answer's body. Anything but success is an error. */
  async call(method, path, body) {
    const response = await this.ask(method, path, body);
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return await response.json();
  }

  async ask(method, path, body, token = this.token) {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    return await fetch(this.url + path, { method, headers, body: body && JSON.stringify(body) });
  }

  /** Saves a machine with its password and returns its identifier. */
  async save(name, { port, password, ...fields }) {
    const { uid } = await this.call("PUT", "/connection/", { name, protocol: "VNC", host: "127.0.0.1", port, ...fields });
    if (password) await this.call("PUT", `/connection/${uid}/credentials`, { "vnc.password": password });
    return uid;
  }

  /** Makes a token that may do some things only. */
  async newToken(scopes) {
    const list = scopes.join(",");
    return String(await this.sandbox.run(PROGRAM, ["token", "new", "--name", list, "--scopes", list, "--data-dir", this.data])).trim();
  }

  /** Ends it, as a computer that goes down does. */
  async stop() {
    await this.sandbox.end(this.program);
  }

  /** Prints a new sign-in link, as a person on the terminal would. */
  async newLink() {
    return String(await this.sandbox.run(PROGRAM, ["link", "--data-dir", this.data])).trim();
  }
}

/** Starts farwired on an empty data folder, or on one with 100,000 machines in 2,000 groups. */
export async function startFarwired(sandbox, { isHuge = false } = {}) {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is not there: build it with cargo build -p farwire-api`);
  const data = join(sandbox.home, "saved");
  if (isHuge) {
    mkdirSync(join(data, "backups"), { recursive: true, mode: 0o700 });
    await sandbox.run("python3", ["-B", join(root, "tests/bench/library.py"), join(data, "backups/store-20260101T000000Z.jsonl")]);
    await sandbox.run(PROGRAM, ["restore", "--data-dir", data]);
  }
  const passphrase = join(sandbox.home, "passphrase");
  writeFileSync(passphrase, "a passphrase of this test\n", { mode: 0o600 });
  const program = sandbox.start(PROGRAM, ["--data-dir", data, "--port", "0", "--passphrase-file", passphrase]);
  const [link] = await until("farwired prints its sign-in link", () => /http:\S+#code=\S+/.exec(program.said), 90_000);
  return new Farwired(sandbox, program, data, link);
}
