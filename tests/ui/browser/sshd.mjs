// A real OpenSSH server with an account of its own, in namespaces that end with the test.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { mkdtempSync, chmodSync } from "node:fs";
import { join } from "node:path";
import { atEnd, freePort, skipWithout, until } from "../desktop/processes.mjs";

export const USER = "alice";
export const PASSWORD = "correct horse";

/** `skip` of a test that needs a server: it takes root. */
export const skipWithoutSshd =
  skipWithout("chromium", "unshare", "ssh-keygen") ||
  (process.getuid() === 0 && existsSync("/usr/sbin/sshd") ? false : "an SSH server with accounts takes root and /usr/sbin/sshd");

/** Starts a server; `prepare` are shell commands in its namespace, `config` lines of its configuration. */
export async function startSshd(t, sandbox, { prepare = "", config = "" } = {}) {
  // Not in the sandbox's home, which the account may not enter.
  const folder = mkdtempSync(join(tmpdir(), "sshd-"));
  atEnd(t, () => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  for (const name of ["home", "ns"]) mkdirSync(join(folder, name));
  const key = join(folder, "host_ed25519");
  await sandbox.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  const port = await freePort();
  const lines = [
    `HostKey ${key}`,
    `ListenAddress 127.0.0.1:${port}`,
    config,
    "UsePAM yes",
    "StrictModes no",
    "PidFile none",
    "PrintMotd no",
    "PrintLastLog no",
  ];
  writeFileSync(join(folder, "sshd_config"), `${lines.join("\n")}\n`);
  const script = `set -e
mount -t tmpfs tmpfs "$D/ns"
mkdir "$D/ns/up" "$D/ns/work"
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$D/ns/up,workdir=$D/ns/work" /etc
mount -t tmpfs tmpfs /run
mkdir /run/sshd
useradd -M -d "$D/home" -s /bin/bash ${USER}
echo '${USER}:${PASSWORD}' | chpasswd
chown ${USER} "$D/home"
${prepare}
exec /usr/sbin/sshd -D -e -f "$D/sshd_config"`;
  const args = ["-m", "-p", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script];
  // It passes no other signal on, and everything in the namespace ends with it.
  const program = sandbox.start("unshare", args, { env: { D: folder }, endsBy: "SIGKILL" });
  const answers = () =>
    new Promise((resolve) => {
      const socket = createConnection(port, "127.0.0.1", () => resolve(true));
      socket.on("error", () => resolve(false)).on("connect", () => socket.destroy());
    });
  await until("sshd answers", answers);
  const fingerprint = String(await sandbox.run("ssh-keygen", ["-l", "-f", `${key}.pub`])).split(" ")[1];
  const home = join(folder, "home");
  return { port, fingerprint, home, program, read: (name) => (existsSync(join(home, name)) ? readFileSync(join(home, name), "utf8") : null) };
}
