// How the program begins and ends, as the system sees it.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openDisplay } from "./display.mjs";
import { needProgram, PROGRAM } from "./driver.mjs";
import { Sandbox, skipWithout, until } from "./processes.mjs";

const skip = skipWithout("Xvfb", "openbox", "import", "xdotool", "dbus-daemon");
const options = { skip, timeout: 90_000 };

async function prepare(t) {
  needProgram();
  const sandbox = new Sandbox();
  t.after(() => sandbox.close());
  return { sandbox, display: await openDisplay(sandbox) };
}

test("closing the window ends the program", options, async (t) => {
  const { sandbox, display } = await prepare(t);
  const app = sandbox.start(PROGRAM, []);
  await display.window("^Farwire$");
  await display.shoot("start-window");
  await display.press("alt+F4");
  assert.equal(await app.ended, 0, app.said);
});

test("the system can ask the program to end", options, async (t) => {
  const { sandbox, display } = await prepare(t);
  const app = sandbox.start(PROGRAM, []);
  await display.window("^Farwire$");
  assert.equal(await sandbox.end(app), 0, app.said);
});

test("a folder that another program has open is told, not shared", options, async (t) => {
  const { sandbox, display } = await prepare(t);
  const first = sandbox.start(PROGRAM, []);
  await display.window("^Farwire$");
  const second = sandbox.start(PROGRAM, []);
  await until("the second says why it does not start", () => second.said.includes(`process ${first.child.pid}`));
  await until("its message is shown", async () => (await sandbox.run("xdotool", ["search", "--pid", String(second.child.pid)])).length > 0);
  await display.shoot("start-in-use");
  await display.press("Return");
  assert.equal(await second.ended, 3, second.said);
  assert.equal(first.child.exitCode, null);
});

test("a second start brings the first window forward", options, async (t) => {
  const { sandbox, display } = await prepare(t);
  delete sandbox.env.FARWIRE_DATA_DIR;
  const bus = sandbox.start("dbus-daemon", ["--session", "--nofork", "--print-address=1"]);
  sandbox.env.DBUS_SESSION_BUS_ADDRESS = await until("the bus has told its address", () => bus.said.split("\n")[1] && bus.said.split("\n")[0]);
  const first = sandbox.start(PROGRAM, []);
  const window = await display.window("^Farwire$");
  assert.ok(existsSync(join(sandbox.env.XDG_DATA_HOME, "dev.farwire.app")));
  await sandbox.run("xdotool", ["windowminimize", window]);
  const second = sandbox.start(PROGRAM, []);
  assert.equal(await second.ended, 0, second.said);
  await display.window("^Farwire$");
  assert.equal(first.child.exitCode, null);
  assert.equal(await sandbox.end(first), 0, first.said);
});

test("without a display the program says so", { timeout: 30_000 }, async (t) => {
  needProgram();
  const sandbox = new Sandbox();
  t.after(() => sandbox.close());
  const app = sandbox.start(PROGRAM, []);
  assert.equal(await app.ended, 2, app.said);
  assert.match(app.said, /could not open a display/);
});
