// Both panes of files in the program's own window: this computer's, and those of a real SSH server.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startSshd, USER } from "../browser/sshd.mjs";
import { openDisplay } from "./display.mjs";
import { openApp } from "./driver.mjs";
import { windowOrigin } from "./pictures.mjs";
import { atEnd, Sandbox, until } from "./processes.mjs";

/** What is dragged, and other programs of the desktop, take these. */
export const NEEDED = ["Xvfb", "openbox", "import", "xdotool", "xprop", "xwininfo", "WebKitWebDriver"];

/** `skip` of a test that needs another program of the desktop: Debian's own Python has its packages. */
export const skipWithoutOther =
  process.env.CI || ["gi", "Xlib"].every((name) => existsSync(join("/usr/lib/python3/dist-packages", name))) ? false : "not installed: python3-gi, python3-xlib";

/** Opens a machine's files; `prepare` makes what is there, given the folders of both sides. */
export async function openPanes(t, shot, prepare) {
  const sandbox = new Sandbox();
  let display;
  atEnd(t, async () => {
    await display?.shoot(`${shot}-end`).catch((error) => t.diagnostic(String(error)));
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
  const folder = join(sandbox.home, "desk");
  mkdirSync(folder);
  await prepare({ sandbox, sshd, folder });
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
  await app.inside("tabpanel", "shell-01").click("button", "Files");
  const files = app.inside("tabpanel", "Files of shell-01");
  const here = files.inside("region", "This computer");
  const there = files.inside("region", "shell-01");
  await there.element("row", /./);
  await here.element("row", /^desk/);
  return { sandbox, display, app, sshd, folder, files, here, there, ask, uid };
}

/** Another program of the desktop, of `files.py`. */
export async function startOther(sandbox, ...args) {
  const program = sandbox.start("/usr/bin/python3", [join(import.meta.dirname, "files.py"), ...args]);
  const [, left, top] = await until("the other program is there", () => {
    if (program.child.exitCode !== null) throw new Error(program.said);
    return /^middle (\d+) (\d+)$/m.exec(program.said);
  });
  return { program, at: [Number(left), Number(top)], said: () => program.said };
}

/** A pointer that drags. */
export class Hand {
  #looks = 0;

  constructor({ sandbox, app }) {
    Object.assign(this, { sandbox, app });
  }

  async #run(...args) {
    await this.sandbox.run("xdotool", args.map(String));
  }

  /** A place in a part of the page, on the screen; another one each time: presses in one place soon after another are no drags. */
  async at(part, role, name) {
    const element = await part.element(role, name);
    const [x, y] = await this.app.script((element) => {
      const { left, top, height } = element.getBoundingClientRect();
      return [left + 40, top + height / 2];
    }, element);
    const [left, top] = await windowOrigin(this.sandbox);
    this.#looks += 1;
    return [Math.round(left + x + (this.#looks % 6) * 12), Math.round(top + y)];
  }

  /** Takes hold of something, and pulls at it: what is dragged is dragged after a few pixels. */
  async grab([x, y]) {
    await this.#run("mousemove", x, y, "mousedown", 1);
    for (const far of [4, 8, 12, 16, 20]) await this.#run("mousemove", "--sync", x + far, y + far / 2);
  }

  /** Moves about a place until something is so there. */
  async over(what, [x, y], isSo) {
    let step = 0;
    await until(what, async () => {
      step += 1;
      await this.#run("mousemove", x + (step % 8), y + (step % 5));
      return await isSo();
    });
  }

  /** Clicks, as a person does. */
  async click([x, y], button = 1) {
    await this.#run("mousemove", "--sync", x, y, "click", button);
  }

  async letGo() {
    await this.#run("mouseup", 1);
  }
}
