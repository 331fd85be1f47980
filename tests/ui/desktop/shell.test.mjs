// A shell and files in the program's own window: a real SSH server, a real keyboard.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { skipWithoutSshd, startSshd, USER } from "../browser/sshd.mjs";
import { openDisplay } from "./display.mjs";
import { openApp } from "./driver.mjs";
import { eventually, Sandbox, skipWithout, until } from "./processes.mjs";

const skip = skipWithout("Xvfb", "openbox", "import", "xdotool", "xprop", "WebKitWebDriver") || skipWithoutSshd;

test("a shell is typed into, and files go from this computer to the machine and back", { skip, timeout: 300_000 }, async (t) => {
  const sandbox = new Sandbox();
  let display;
  t.after(async () => {
    await display?.shoot("shell-end").catch((error) => t.diagnostic(String(error)));
    await sandbox.close();
  });
  // There is no key store here, so nothing sealed: a key's file signs in.
  const key = join(sandbox.home, "key");
  await sandbox.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  const allowed = readFileSync(`${key}.pub`, "utf8").trim();
  const sshd = await startSshd(t, sandbox, {
    config: `Subsystem sftp internal-sftp\nAuthorizedKeysFile /etc/allowed`,
    prepare: `echo '${allowed}' > /etc/allowed`,
  });
  mkdirSync(join(sandbox.home, "plans"));
  writeFileSync(join(sandbox.home, "plans/hall.txt"), "a plan\n");
  display = await openDisplay(sandbox);
  const app = await openApp(sandbox);
  await app.element("heading", "Connect to your first machine");
  const ask = async (method, path, body) => {
    const answer = await app.request(method, path, body);
    assert.equal(answer.status, 200, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const machine = { name: "shell-01", protocol: "SSH", host: "127.0.0.1", port: sshd.port, "ssh.agent": false, "ssh.key_file": key };
  const { uid } = await ask("PUT", "/connection/", machine);
  await ask("PUT", `/connection/${uid}/credentials`, { "ssh.username": USER });
  await ask("PUT", "/trust", { host: "127.0.0.1", port: sshd.port, fingerprint: sshd.fingerprint });
  await app.element("row", /^shell-01/);
  await app.click("row", /^shell-01/);
  await display.press("Return");
  const text = () => app.script(() => document.querySelector(".xterm-rows")?.textContent ?? "");
  await eventually("the shell is on the screen", text, /\$/);
  await display.type("touch typed; echo in-$((40+2))");
  await display.press("Return");
  await eventually("the shell answers", text, /in-42/);
  assert.ok(existsSync(join(sshd.home, "typed")));
  await display.shoot("shell-1-terminal");

  const session = app.inside("tabpanel", "shell-01");
  await session.click("button", "Files");
  const files = app.inside("tabpanel", "Files of shell-01");
  await files.element("region", "This computer");
  const here = files.inside("region", "This computer");
  const there = files.inside("region", "shell-01");
  await there.element("row", /^typed/);
  await display.shoot("shell-2-files");
  await here.click("row", /^plans/);
  await here.click("button", "Copy to shell-01");
  await eventually("the folder is there", () => (existsSync(join(sshd.home, "plans/hall.txt")) ? readFileSync(join(sshd.home, "plans/hall.txt"), "utf8") : null), "a plan\n");
  await there.element("row", /^plans/);
  await display.shoot("shell-3-copied");
  await there.click("row", /^typed/);
  await there.click("button", "Copy to this computer");
  await until("the file is here", () => existsSync(join(sandbox.home, "typed")));
});
