// Passwords outlive the program: sealed with a key from the system's key store, and opened with it after the next start.
import { test } from "node:test";
import { openDisplay } from "./display.mjs";
import { openApp } from "./driver.mjs";
import { startKeyStore } from "./keystore.mjs";
import { startMachine, TERMINAL_COLOUR } from "./machine.mjs";
import { eventually, Sandbox, skipWithout, until } from "./processes.mjs";

const needed = ["Xvfb", "openbox", "import", "xdotool", "xprop", "Xvnc", "vncpasswd", "xterm", "xauth", "WebKitWebDriver"];
const skip = skipWithout(...needed, "dbus-daemon", "gnome-keyring-daemon");

test("a stored password opens the machine after the next start", { skip, timeout: 300_000 }, async (t) => {
  const sandbox = new Sandbox();
  let display;
  t.after(async () => {
    await display?.shoot("keystore-end").catch((error) => t.diagnostic(String(error)));
    await sandbox.close();
  });
  display = await openDisplay(sandbox);
  await startKeyStore(sandbox);
  const machine = await startMachine(sandbox);
  const isShown = async () => (await display.count(TERMINAL_COLOUR)) > 100_000;

  const first = await openApp(sandbox);
  await eventually("the vault is unlocked", async () => (await first.request("GET", "/vault")).body.state, "ready");
  await first.click("button", /^Add a machine/);
  const form = first.inside("form", "New machine");
  await form.fill("Address", `vnc://127.0.0.1:${machine.port}`);
  await form.fill("Name", "press-04");
  await form.fill("Password", machine.password);
  await form.click("button", "Add and connect");
  await until("the remote terminal is on the screen", isShown);
  await first.close();
  await eventually("the machine has no viewer", machine.viewers, 0);
  await eventually("the remote terminal is off the screen", isShown, false);

  const second = await openApp(sandbox);
  await second.click("row", /^press-04/);
  await second.inside("complementary", "Details").click("button", "Connect");
  await until("the remote terminal is on the screen again", isShown);
});
