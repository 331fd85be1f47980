// Tunnels in the window: opened, seen at work, closed; keys that machines are signed in to with.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { atEnd, eventually } from "../desktop/processes.mjs";
import { shoot } from "./page.mjs";
import { NAME, openBoth, saveShell } from "./shell.mjs";
import { skipWithoutSshd as skip, USER } from "./sshd.mjs";

const options = { skip, timeout: 300_000 };
const SIZE = 300_000;

/** A page that something leads to; answers its port. */
async function serve(t) {
  const server = createServer((_, response) => response.end("x".repeat(SIZE)));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  atEnd(t, () => server.close());
  return server.address().port;
}

const goToTunnels = (page) => page.getByRole("button", { name: /^Tunnels/ }).click();
const row = (page) => page.getByRole("row", { name: new RegExp(NAME) });
const trust = ({ farwired, sshd }) => farwired.call("PUT", "/trust", { host: "127.0.0.1", port: sshd.port, fingerprint: sshd.fingerprint });

test("a tunnel is opened, carries, and is closed", options, async (t) => {
  const opened = await openBoth(t);
  const { farwired, page } = opened;
  const uid = await saveShell(opened, NAME);
  const port = await serve(t);
  await page.getByRole("row", { name: new RegExp(NAME) }).waitFor();
  await goToTunnels(page);
  await page.getByText("No tunnels").waitFor();
  await shoot(page, "tunnels-none", { schemes: ["light"] });
  await page.getByRole("button", { name: "New tunnel" }).click();
  const dialog = page.getByRole("dialog", { name: "New tunnel" });
  await dialog.getByLabel("Port here").fill("many");
  await dialog.getByLabel("To", { exact: true }).fill(`127.0.0.1:${port}`);
  await dialog.getByRole("button", { name: "Open" }).click();
  await dialog.getByText(/^listen: /).waitFor();
  await shoot(page, "tunnel-new");
  await dialog.getByLabel("Port here").fill("0");
  await dialog.getByRole("checkbox", { name: /Also open it with each shell/ }).click();
  await dialog.getByRole("button", { name: "Open" }).click();
  // Nobody accepted the machine's key yet.
  await row(page).getByRole("button", { name: "Check the key" }).click();
  await page.getByRole("button", { name: "Trust and connect" }).click();
  await row(page).getByText("Open", { exact: true }).waitFor();
  const [tunnel] = await farwired.call("GET", "/tunnels");
  assert.equal((await (await fetch(`http://${tunnel.bound}/`)).text()).length, SIZE);
  await row(page).getByText("300 kB").waitFor();
  await row(page).getByText(tunnel.bound).waitFor();
  await shoot(page, "tunnels");
  await row(page).getByRole("button", { name: /^Stop/ }).click();
  // It is in the machine's settings, and opens again from there.
  await row(page).getByRole("button", { name: /^Start/ }).click();
  await row(page).getByText("Open", { exact: true }).waitFor();
  const [again] = await farwired.call("GET", "/tunnels");
  await farwired.call("DELETE", `/tunnel/${again.tunnel_id}`);
  await row(page).getByRole("button", { name: /^Start/ }).waitFor();
  assert.equal((await farwired.call("GET", `/connection/${uid}`)).settings["ssh.tunnels"], `L 0 127.0.0.1:${port}`);
});

test("what a machine asks is answered among the tunnels, and the settings of SSH are in the details", options, async (t) => {
  const opened = await openBoth(t, { config: "AuthenticationMethods keyboard-interactive", prepare: `chage -d 0 ${USER}` });
  const { farwired, page } = opened;
  const uid = await saveShell(opened, NAME);
  await trust(opened);
  await page.getByRole("row", { name: new RegExp(NAME) }).click();
  await page.getByRole("tab", { name: "SSH" }).click();
  const details = page.getByRole("complementary").or(page.locator(".inspector")).first();
  await details.getByLabel("Tunnels", { exact: true }).fill("X 1");
  await details.getByText(/is no tunnel/).waitFor();
  await details.getByLabel("Tunnels", { exact: true }).fill("D 0");
  await details.getByLabel("On the way", { exact: true }).fill("nobody");
  await details.getByText(/is no machine/).waitFor();
  await shoot(page, "details-ssh");
  await details.getByLabel("On the way", { exact: true }).fill("");
  await details.getByRole("switch", { name: "Lend the agent to shells" }).click();
  const settings = async () => (await farwired.call("GET", `/connection/${uid}`)).settings;
  await eventually("the settings are saved", settings, { "ssh.agent": false, "ssh.tunnels": "D 0", "ssh.forward_agent": true });
  await goToTunnels(page);
  await row(page).getByRole("button", { name: /^Start/ }).click();
  // Its password has to be changed.
  await row(page).getByRole("button", { name: /^Answer/ }).click();
  const dialog = page.getByRole("dialog", { name: /asks$/ });
  for (const question of [/^New password/, /^Retype new password/]) {
    await dialog.getByLabel(question).fill("battery staple 9");
    if (question.test("New password")) await shoot(page, "tunnels-asks", { schemes: ["light"] });
    await dialog.getByRole("button", { name: "Answer" }).click();
  }
  await row(page).getByText("Open", { exact: true }).waitFor();
  await row(page).getByText("SOCKS", { exact: true }).waitFor();
});

test("a private key is kept in the key store, and signs in", options, async (t) => {
  const opened = await openBoth(t, { config: "PasswordAuthentication no\nKbdInteractiveAuthentication no\nAuthorizedKeysFile %h/authorized" });
  const { farwired, page, sandbox, sshd } = opened;
  const path = join(sandbox.home, "key");
  await sandbox.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "a passphrase", "-f", path]);
  await sandbox.run("sh", ["-c", 'cp "$1.pub" "$2/authorized"; chmod 644 "$2/authorized"', "sh", path, sshd.home]);
  const uid = await farwired.save(NAME, { protocol: "SSH", port: sshd.port, "ssh.agent": false });
  await farwired.call("PUT", `/connection/${uid}/credentials`, { "ssh.username": USER });
  await trust(opened);
  await page.getByRole("row", { name: new RegExp(NAME) }).click();
  await page.getByRole("button", { name: "Set: Private key" }).click();
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.getByRole("button", { name: "From a file" }).click()]);
  await chooser.setFiles(path);
  const area = page.getByLabel("Text of the private key");
  await eventually("the file was read", () => area.inputValue(), readFileSync(path, "utf8"));
  await shoot(page, "details-key", { schemes: ["light"] });
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Replace: Private key" }).waitFor();
  assert.equal(await area.count(), 0, "it is not shown again");
  const test = async () => (await farwired.call("ACTION", `/connection/${uid}/test`)).ok;
  assert.equal(await test(), false, "its passphrase is missing");
  await page.getByRole("button", { name: "Set: Passphrase" }).click();
  await page.getByLabel("Passphrase of the key").fill("a passphrase");
  await page.keyboard.press("Enter");
  const stored = async () => (await farwired.call("GET", `/connection/${uid}/credentials`)).redacted.toSorted();
  await eventually("both are stored", stored, ["ssh.key", "ssh.passphrase"]);
  assert.equal(await test(), true);
});
