// A real RDP server: FreeRDP's, which shows the screen of a remote machine.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { freePort, skipWithout, until } from "../desktop/processes.mjs";
import { skipWithoutMachine } from "./page.mjs";

/** What alice signs in with. */
export const PASSWORD = "Correct.Horse7";

/** `skip` of a test that needs it. */
export const skipWithoutShadow = skipWithoutMachine || skipWithout("freerdp-shadow-cli", "winpr-hash");

/** Starts it over the screen of the sandbox's machine; returns its port. */
export async function startShadow(sandbox) {
  const folder = join(sandbox.home, "shadow");
  mkdirSync(folder, { mode: 0o700 });
  const accounts = join(folder, "sam");
  writeFileSync(accounts, await sandbox.run("winpr-hash", ["-u", "alice", "-p", PASSWORD, "-f", "sam"]));
  const port = await freePort();
  const machine = join(sandbox.home, "machine");
  const env = { DISPLAY: `:${readFileSync(join(machine, "display"), "utf8").trim()}`, XAUTHORITY: join(machine, "xauth"), HOME: folder, XDG_CONFIG_HOME: folder };
  sandbox.start("freerdp-shadow-cli", [`/port:${port}`, "/bind-address:127.0.0.1", "/sec:nla", "+auth", `/sam-file:${accounts}`], { env });
  await until("the server listens", () => isListening(port));
  return port;
}

const isListening = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(true));
    socket.on("connect", () => socket.destroy()).on("error", () => resolve(false));
  });
