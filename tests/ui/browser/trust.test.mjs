// A machine that shows another identity than the one that was trusted.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { startMachine } from "../desktop/machine.mjs";
import { eventually } from "../desktop/processes.mjs";
import { openPage, shoot, skipWithoutMachine } from "./page.mjs";
import { skipWithoutShadow, startShadow, PASSWORD as RDP_PASSWORD } from "./shadow.mjs";
import { PASSWORD, skipWithoutSshd, startSshd, USER } from "./sshd.mjs";

const NAME = "press-04";
/** What was trusted before, of a machine that is not there any more. */
const KNOWN = `SHA256:${createHash("sha256").update("the machine before").digest("base64").slice(0, 43)}`;

/** Real servers, each with an identity of its own, and what signs in to them. */
const SERVERS = {
  SSH: {
    skip: skipWithoutSshd,
    what: "host key",
    start: async (t, sandbox) => {
      const { port, fingerprint } = await startSshd(t, sandbox);
      return { port, fingerprint, credentials: { "ssh.username": USER, "ssh.password": PASSWORD } };
    },
  },
  VNC: {
    skip: skipWithoutMachine,
    what: "certificate",
    start: async (t, sandbox) => {
      const [key, certificate] = ["vnc.key", "vnc.crt"].map((name) => join(sandbox.home, name));
      await sandbox.run("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=press-04", "-keyout", key, "-out", certificate]);
      const { port, password } = await startMachine(sandbox, `-SecurityTypes X509Vnc -X509Cert ${certificate} -X509Key ${key}`);
      const printed = String(await sandbox.run("openssl", ["x509", "-in", certificate, "-noout", "-fingerprint", "-sha256"]));
      const bytes = Buffer.from(printed.trim().split("=")[1].replaceAll(":", ""), "hex");
      return { port, fingerprint: `SHA256:${bytes.toString("base64").slice(0, 43)}`, credentials: { "vnc.password": password } };
    },
  },
  RDP: {
    skip: skipWithoutShadow,
    what: "certificate",
    start: async (t, sandbox) => {
      await startMachine(sandbox);
      return { port: await startShadow(sandbox), credentials: { "rdp.username": "alice", "rdp.password": RDP_PASSWORD } };
    },
  },
};

for (const [protocol, { skip, what, start }] of Object.entries(SERVERS)) {
  test(`over ${protocol} a changed ${what} stands beside the known one, and is taken only once they were compared`, { skip, timeout: 300_000 }, async (t) => {
    const { page, sandbox, farwired } = await openPage(t);
    const { port, fingerprint, credentials } = await start(t, sandbox);
    const uid = await farwired.save(NAME, { protocol, port, ...(protocol === "SSH" ? { "ssh.agent": false } : {}) });
    await farwired.call("PUT", `/connection/${uid}/credentials`, credentials);
    // It was seen once, and then another one was said to be right.
    await farwired.call("ACTION", `/connection/${uid}/test`);
    await farwired.call("PUT", "/trust", { host: "127.0.0.1", port, fingerprint: KNOWN });
    const states = async () => (await farwired.call("GET", "/sessions")).map(({ state }) => state);
    const trusted = async () => (await farwired.call("GET", "/trust")).map((one) => [one.state, one.fingerprint, one.known_fingerprint]);

    await page.getByRole("row", { name: new RegExp(NAME) }).dblclick();
    const dialog = page.getByRole("alertdialog", { name: `The ${what} of ${NAME} has changed` });
    await dialog.waitFor();
    const offered = await sideBySide(dialog);
    if (fingerprint) assert.equal(offered, fingerprint);
    await shoot(page, `trust-changed-${protocol.toLowerCase()}`);
    await shoot(page, `trust-changed-${protocol.toLowerCase()}-small`, { sizes: [{ width: 700, height: 560 }] });
    const replace = dialog.getByRole("button", { name: `Replace trusted ${what === "host key" ? "key" : "certificate"}` });
    assert.equal(await replace.isDisabled(), true, "nothing is replaced before they were compared");
    // The safe answer has the keyboard.
    await eventually("the safe answer has the focus", () => dialog.getByRole("button", { name: "Stay disconnected" }).evaluate((it) => it === document.activeElement), true);
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "detached" });
    await eventually("nothing is replaced", trusted, [["changed", offered, KNOWN]]);
    await eventually("nobody is connected", async () => (await states()).includes("connected"), false);

    // The list of identities has it first, and shows the same two.
    await page.getByRole("tab", { name: "Machines" }).click();
    await page.getByRole("button", { name: /^Trust\b/ }).click();
    const row = page.getByRole("row", { name: /127\.0\.0\.1/ });
    await row.getByText("Changed").waitFor();
    await shoot(page, `trust-list-${protocol.toLowerCase()}`);
    await row.getByRole("button", { name: "Compare 127.0.0.1" }).click();
    const again = page.getByRole("alertdialog", { name: `The ${what} of 127.0.0.1 has changed` });
    assert.equal(await sideBySide(again), offered);
    await again.getByRole("button", { name: "Cancel" }).click();
    await again.waitFor({ state: "detached" });

    await page.getByRole("tab", { name: new RegExp(NAME) }).click();
    await page.getByRole("tabpanel", { name: NAME }).getByRole("button", { name: "Compare" }).click();
    await sideBySide(dialog);
    await dialog.getByRole("checkbox", { name: "I compared the fingerprints at the machine" }).click();
    await replace.click();
    await eventually("the machine is connected", states, ["connected"]);
    await eventually("the new one is trusted", trusted, [["trusted", offered, null]]);
  });
}

/** Both fingerprints, whole, one beside the other and within the dialog; returns the one that is offered now. */
async function sideBySide(dialog) {
  const [known, offered] = ["Trusted", "Offered now"].map((name) => dialog.getByRole("region", { name }));
  await known.getByRole("img", { name: KNOWN }).waitFor();
  const shown = offered.getByRole("img", { name: /^SHA256:/ });
  const fingerprint = await shown.getAttribute("aria-label");
  assert.notEqual(fingerprint, KNOWN);
  await eventually("the whole of it is written out", async () => (await shown.textContent()).replace(/\s/g, ""), fingerprint.slice("SHA256:".length));
  const beside = async () => {
    const [left, right, all] = await Promise.all([known.boundingBox(), offered.boundingBox(), dialog.boundingBox()]);
    return left && right && all && left.y === right.y && left.x + left.width <= right.x && right.x + right.width <= all.x + all.width;
  };
  await eventually("they stand side by side", beside, true);
  return fingerprint;
}
