// A stored password goes to the desktop's clipboard past the page, marked as a secret, and off it again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openDisplay } from "./display.mjs";
import { openApp } from "./driver.mjs";
import { startKeyStore } from "./keystore.mjs";
import { eventually, Sandbox, skipWithout } from "./processes.mjs";

const needed = ["Xvfb", "openbox", "import", "xdotool", "xprop", "xclip", "WebKitWebDriver"];
const skip = skipWithout(...needed, "dbus-daemon", "gnome-keyring-daemon");

const PASSWORD = "Kanarienvogel-7";
const PASSPHRASE = "correct horse";

test("a password is copied once somebody can prove himself, and leaves the clipboard again", { skip, timeout: 300_000 }, async (t) => {
  const sandbox = new Sandbox();
  let display;
  t.after(async () => {
    await display?.shoot("passwords-end").catch((error) => t.diagnostic(String(error)));
    await sandbox.close();
  });
  display = await openDisplay(sandbox);
  await startKeyStore(sandbox);
  const clipboard = async (target) => {
    const form = target ? ["-t", target] : [];
    return String(await sandbox.run("xclip", ["-o", "-selection", "clipboard", ...form]).catch(() => ""));
  };
  /** Asks as the page does, and returns what it is told. */
  const copy = (app, path, passphrase) => app.command("copy_password", { path, passphrase });

  const first = await openApp(sandbox);
  const vault = async (app) => (await app.request("GET", "/vault")).body;
  await eventually("the vault is unlocked", () => vault(first), ({ state }) => state === "ready");
  const made = await first.request("PUT", "/connection/", { name: "press-04", host: "127.0.0.1", port: 1 });
  const path = `/connection/${made.body.uid}/credentials/copy`;
  await first.request("PUT", `/connection/${made.body.uid}/credentials`, { "vnc.password": PASSWORD });
  // The key store opens for everything this user runs: there is nothing to prove, and it is said.
  await first.click("row", /^press-04/);
  await first.inside("complementary", "Details").click("button", "Copy password");
  const asked = first.inside("dialog", "Copy the password of press-04");
  await asked.element("button", "Set a passphrase");
  await display.shoot("passwords-1-nothing-to-prove");
  assert.equal((await copy(first, path, "")).status, 409);
  await asked.click("button", "Set a passphrase");
  await first.click("button", "Set a passphrase…");
  const dialog = first.inside("dialog", "Set a passphrase");
  await dialog.fill("New passphrase", PASSPHRASE);
  await dialog.fill("Repeat the new passphrase", PASSPHRASE);
  await dialog.click("button", "Save");
  await eventually("it is set", () => vault(first), (now) => now.has_passphrase);
  // Whoever sat down there could have set it, so it proves nothing yet.
  const early = await copy(first, path, PASSPHRASE);
  assert.equal(early.status, 409);
  assert.match(early.body.error_message, /start Farwire again/);
  assert.equal(await clipboard(), "");
  await first.close();

  const second = await openApp(sandbox);
  await eventually("the vault is unlocked", () => vault(second), ({ state }) => state === "ready");
  assert.equal((await copy(second, path, "a wrong one")).status, 403);
  assert.equal(await clipboard(), "");
  await second.click("row", /^press-04/);
  await second.inside("complementary", "Details").click("button", "Copy password");
  const proof = second.inside("dialog", "Copy the password of press-04");
  await proof.fill("Passphrase of the key store", PASSPHRASE);
  await proof.click("button", "Copy");
  await eventually("the password is on the clipboard", clipboard, PASSWORD);
  await display.shoot("passwords-2-copied");
  await eventually("it is marked as a secret", () => clipboard("x-kde-passwordManagerHint"), "secret");
  // The page reads it when a person wishes so, and never by itself: every machine that is turned to would get it.
  const read = (isAsked) => second.command("read_clipboard", { isAsked });
  assert.deepEqual(await read(false), { text: "" });
  assert.deepEqual(await read(true), { text: PASSWORD });
  await eventually("its time is over", clipboard, "", 90_000);
  await second.element("button", "Close");

  // What somebody copied meanwhile stays, and the page is told no password.
  assert.deepEqual(await copy(second, path, PASSPHRASE), { status: 200, body: { clear_after_secs: 30 } });
  await eventually("the password is on the clipboard again", clipboard, PASSWORD);
  const other = sandbox.start("xclip", ["-i", "-selection", "clipboard", "-quiet"], { hasInput: true });
  other.child.stdin.end("something else");
  await eventually("it is replaced", clipboard, "something else");
  assert.equal(await second.command("clear_password", {}), false);
  assert.equal(await clipboard(), "something else");
  assert.deepEqual(await copy(second, path, PASSPHRASE), { status: 200, body: { clear_after_secs: 30 } });
  assert.equal(await second.command("clear_password", {}), true);
  await eventually("the password is off the clipboard", clipboard, "");
});
