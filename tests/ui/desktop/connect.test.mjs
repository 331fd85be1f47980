// From an empty start to a remote desktop under the fingers: the whole program, a real VNC server, a real keyboard.
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openDisplay } from "./display.mjs";
import { openApp } from "./driver.mjs";
import { startMachine, TERMINAL_COLOUR } from "./machine.mjs";
import { eventually, Sandbox, skipWithout, until } from "./processes.mjs";

/** What the remote terminal is told to look like. */
const OTHER_COLOUR = [0x20, 0x30, 0x8c];
/** The remote terminal fills at least so many pixels of the screen. */
const MUCH = 100_000;

const skip = skipWithout("Xvfb", "openbox", "import", "xdotool", "xprop", "Xvnc", "vncpasswd", "xterm", "xauth", "WebKitWebDriver");

test("a machine is added, shown, typed on and left", { skip, timeout: 300_000 }, async (t) => {
  const sandbox = new Sandbox();
  let display;
  t.after(async () => {
    await display?.shoot("connect-end").catch((error) => t.diagnostic(String(error)));
    await sandbox.close();
  });
  display = await openDisplay(sandbox);
  const machine = await startMachine(sandbox);
  const app = await openApp(sandbox);

  await app.element("heading", "Connect to your first machine");
  await display.shoot("connect-1-start");
  await app.click("button", /^Add a machine/);
  const form = app.inside("form", "New machine");
  await form.fill("Address", "127.0.0.1");
  await form.fill("Port", String(machine.port));
  await form.fill("Name", "press-04");
  await display.shoot("connect-2-add");
  await form.click("button", "Add and connect");

  const session = app.inside("tabpanel", "press-04");
  await session.fill("Password", machine.password);
  await display.shoot("connect-3-sign-in");
  await session.click("button", "Connect");
  await until("the remote terminal is on the screen", async () => (await display.count(TERMINAL_COLOUR)) > MUCH);
  await display.shoot("connect-4-remote");

  await session.click("application", "Remote screen of press-04");
  const proof = join(sandbox.home, "typed-there");
  await display.type(`touch ${proof}`);
  await display.press("Return");
  await until("the command that was typed has run", () => existsSync(proof));
  await display.type("printf '\\033]11;#20308C\\007'");
  await display.press("Return");
  await until("the terminal's new colour is on the screen", async () => (await display.count(OTHER_COLOUR)) > MUCH);
  await display.shoot("connect-5-typed");

  const { status, body: sessions } = await app.request("GET", "/sessions");
  assert.equal(status, 200);
  assert.deepEqual(sessions.map(({ name, state }) => ({ name, state })), [{ name: "press-04", state: "connected" }]);
  const head = await app.bytes(`/session/${sessions[0].session_id}/screenshot?format=png&width=200`);
  assert.equal(Buffer.from(head).toString("latin1", 1, 4), "PNG");
  await eventually("the machine has one viewer", machine.viewers, 1);
  await session.click("button", /^Screenshot/);
  // A home without a folder for downloads: the file is saved in the home itself.
  await until("the screenshot is saved", () => readdirSync(sandbox.home).some((name) => /^press-04.*\.png$/.test(name)));

  await app.click("button", "Close press-04");
  await eventually("the session has ended", async () => (await app.request("GET", "/sessions")).body, []);
  await eventually("the machine has no viewer", machine.viewers, 0);
  await app.element("row", /^press-04/);
  await display.shoot("connect-6-left");
});
