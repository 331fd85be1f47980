// What the desktop tells: a real notification daemon beside the whole program.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openDisplay } from "./display.mjs";
import { openApp } from "./driver.mjs";
import { isOnBus, startBus } from "./keystore.mjs";
import { startMachine, TERMINAL_COLOUR } from "./machine.mjs";
import { eventually, freePort, Sandbox, skipWithout, until } from "./processes.mjs";

const MUCH = 100_000;
const skip = skipWithout("Xvfb", "openbox", "import", "xdotool", "Xvnc", "vncpasswd", "xterm", "xauth", "WebKitWebDriver", "dbus-daemon", "dbus-send", "dunst", "dunstctl");

test("a lost link and a switched on API are told, and a click leads to the window", { skip, timeout: 300_000 }, async (t) => {
  const sandbox = new Sandbox();
  let display;
  t.after(async () => {
    await display?.shoot("notify-end").catch((error) => t.diagnostic(String(error)));
    await sandbox.close();
  });
  display = await openDisplay(sandbox);
  await startBus(sandbox);
  // What is told stays until somebody has looked, however slow the machine is.
  const config = join(sandbox.home, "dunstrc");
  writeFileSync(config, ["low", "normal", "critical"].map((urgency) => `[urgency_${urgency}]\ntimeout = 0\n`).join(""));
  sandbox.start("dunst", ["-print", "-conf", config]);
  await until("the notification daemon is there", () => isOnBus(sandbox, "org.freedesktop.Notifications"));
  const machine = await startMachine(sandbox);
  const app = await openApp(sandbox);
  const run = async (...args) => String(await sandbox.run("xdotool", args)).trim();
  const shown = async () => Number(String(await sandbox.run("dunstctl", ["count", "displayed"])).trim());
  /** What was told, the newest first. It is history once it is closed. */
  const told = async () => {
    await sandbox.run("dunstctl", ["close-all"]);
    const history = JSON.parse(String(await sandbox.run("dunstctl", ["history"])));
    return history.data[0].map((one) => ({ name: one.appname.data, title: one.summary.data, text: one.body.data }));
  };

  await app.click("button", /^Add a machine/);
  const form = app.inside("form", "New machine");
  await form.fill("Address", `vnc://127.0.0.1:${machine.port}`);
  await form.fill("Name", "press-04");
  await form.click("button", "Add and connect");
  const session = app.inside("tabpanel", "press-04");
  await session.fill("Password", machine.password);
  await session.click("button", "Connect");
  await until("the remote terminal is on the screen", async () => (await display.count(TERMINAL_COLOUR)) > MUCH);

  const port = await freePort();
  const { body: settings } = await app.request("GET", "/settings");
  const changed = await app.request("PUT", "/settings", { api: { ...settings.api, enabled: true, port } });
  assert.equal(changed.status, 200, JSON.stringify(changed.body));
  await eventually("the API is told of, although the window is in front", shown, 1);
  await display.shoot("notify-1-api");
  const [api] = await eventually("one thing was told", told, ({ length }) => length === 1);
  assert.deepEqual([api.name, api.title], ["Farwire", "The API is on"]);
  assert.match(api.text, new RegExp(`port ${port}\\b`));

  const window = (await run("search", "--onlyvisible", "--name", "^Farwire")).split("\n")[0];
  await run("windowminimize", window);
  await eventually("the window is away", () => display.count(TERMINAL_COLOUR), (count) => count < MUCH);
  machine.stop();
  await eventually("the lost link is told of", shown, 1);
  await display.shoot("notify-2-lost");
  await sandbox.run("dunstctl", ["action"]);
  await eventually("the window is back", () => run("getactivewindow", "getwindowname"), /^Farwire/);
  await display.shoot("notify-3-back");
  const [lost] = await eventually("two things were told", told, ({ length }) => length === 2);
  assert.deepEqual([lost.name, lost.title], ["Farwire", "The link to press-04 was lost"]);
  assert.match(lost.text, /127\.0\.0\.1/);
});
