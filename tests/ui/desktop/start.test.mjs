// How the program begins and ends, as the system sees it.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { NEEDED } from "./connected.mjs";
import { openDisplay } from "./display.mjs";
import { needProgram, PROGRAM } from "./driver.mjs";
import { startBus } from "./keystore.mjs";
import { TERMINAL_COLOUR } from "./machine.mjs";
import { openPicture } from "./pictures.mjs";
import { eventually, programOf, Sandbox, skipWithout, until } from "./processes.mjs";

const skip = skipWithout("Xvfb", "openbox", "import", "xdotool", "xprop", "dbus-daemon");
/** The colour of the one primary button. */
const ACCENT = [0x0b, 0x65, 0x84];
const options = { skip, timeout: 300_000 };
/** Where this is not CI, only root may make a place that can only be read. */
const mayMount = { ...options, skip: skip || (!process.env.CI && process.getuid() !== 0 && "mounting takes root") };

async function prepare(t) {
  needProgram();
  const sandbox = new Sandbox();
  t.after(() => sandbox.close());
  return { sandbox, display: await openDisplay(sandbox) };
}

/** Starts the program and waits until its window has the keyboard. */
async function start(sandbox, display) {
  const app = sandbox.start(PROGRAM, []);
  try {
    await eventually("the window has the keyboard", () => display.active(), app.child.pid, 60_000);
  } catch (error) {
    throw new Error(`the program says: ${app.said}`, { cause: error });
  }
  return app;
}

/** Presses a key until a program ends: a window manager can miss the first one while it sets a new window up. */
async function pressUntilEnd(display, key, program) {
  const isEnded = () => program.child.exitCode !== null;
  await until(`the program has ended by ${key}`, async () => isEnded() || (await display.press(key)) || isEnded());
}

test("closing the window ends the program", options, async (t) => {
  const { sandbox, display } = await prepare(t);
  const app = await start(sandbox, display);
  await display.shoot("start-window");
  await pressUntilEnd(display, "alt+F4", app);
  assert.equal(await app.ended, 0, app.said);
});

test("what it has in memory and in its folder is its owner's alone", options, async (t) => {
  const { sandbox, display } = await prepare(t);
  const folder = sandbox.env.FARWIRE_DATA_DIR;
  const app = await start(sandbox, display);
  assert.match(readFileSync(`/proc/${app.child.pid}/limits`, "utf8"), /^Max core file size +0 +0 /m);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.equal(await sandbox.end(app), 0, app.said);
});

test("the system can ask the program to end", options, async (t) => {
  const { sandbox, display } = await prepare(t);
  const app = await start(sandbox, display);
  assert.equal(await sandbox.end(app), 0, app.said);
});

test("on a disk that can only be read it says that nothing is saved, and leaves no copy behind", mayMount, async (t) => {
  const { sandbox, display } = await prepare(t);
  const folder = sandbox.env.FARWIRE_DATA_DIR;
  assert.equal(await sandbox.end(await start(sandbox, display)), 0);
  const script = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$1"';
  const app = sandbox.start("unshare", ["-m", "sh", "-c", script, folder, PROGRAM]);
  await eventually("its window is there", () => display.active(), app.child.pid);
  await until("it says that nothing is saved", () => app.said.includes("Nothing can be saved: the file system of"));
  const copies = () => readdirSync(sandbox.env.XDG_RUNTIME_DIR).filter((name) => name.startsWith("farwire-"));
  assert.equal(copies().length, 1);
  await display.shoot("start-read-only");
  assert.equal(await sandbox.end(app), 0, app.said);
  assert.deepEqual(copies(), []);
});

test("a page whose process was ended comes back", options, async (t) => {
  const { sandbox, display } = await prepare(t);
  const app = await start(sandbox, display);
  const isPainted = async () => (await display.count(ACCENT)) > 1000;
  await until("the page is there", isPainted);
  const page = await until("a process has the page", () => sandbox.alive().find((pid) => programOf(pid) === "WebKitWebProcess"));
  process.kill(page, "SIGKILL");
  await until("the end was noticed", () => app.said.includes("the page's process ended"));
  await until("another process has the page", () => sandbox.alive().some((pid) => pid !== page && programOf(pid) === "WebKitWebProcess"));
  await until("the page is there again", isPainted);
  assert.equal(await sandbox.end(app), 0, app.said);
});

for (const way of ["under", "top"]) {
  test(`a page that comes back has no picture of before, with the surface ${way} the page`, { skip: skipWithout(...NEEDED, "xwininfo"), timeout: 300_000 }, async (t) => {
    const { sandbox, display, isShown } = await openPicture(t, way, 1, "start");
    const page = await until("a process has the page", () => sandbox.alive().find((pid) => programOf(pid) === "WebKitWebProcess"));
    process.kill(page, "SIGKILL");
    await until("another process has the page", () => sandbox.alive().some((pid) => pid !== page && programOf(pid) === "WebKitWebProcess"));
    // It begins with the machines.
    const seen = async () => ({ page: (await display.count(ACCENT)) > 1000, picture: await display.count(TERMINAL_COLOUR) });
    await eventually("the page is there, and nothing lies over it", seen, { page: true, picture: 0 });
    await display.shoot(`start-${way}-1-machines`);
    await display.pressUntil("the picture is there again", "ctrl+Tab", isShown);
    await display.shoot(`start-${way}-2-session`);
  });
}

test("a folder that another program has open is told, not shared", options, async (t) => {
  const { sandbox, display } = await prepare(t);
  const first = await start(sandbox, display);
  const second = sandbox.start(PROGRAM, []);
  await until("the second says why it does not start", () => second.said.includes(`process ${first.child.pid}`));
  await eventually("its message has the keyboard", () => display.active(), second.child.pid);
  await display.shoot("start-in-use");
  await pressUntilEnd(display, "Return", second);
  assert.equal(await second.ended, 3, second.said);
  assert.equal(first.child.exitCode, null);
});

test("a second start brings the first window forward", options, async (t) => {
  const { sandbox, display } = await prepare(t);
  delete sandbox.env.FARWIRE_DATA_DIR;
  await startBus(sandbox);
  const first = await start(sandbox, display);
  assert.ok(existsSync(join(sandbox.env.XDG_DATA_HOME, "dev.farwire.app")));
  await sandbox.run("xdotool", ["getactivewindow", "windowminimize"]);
  await eventually("the window is out of sight", () => display.active(), (pid) => pid !== first.child.pid);
  const second = sandbox.start(PROGRAM, []);
  assert.equal(await second.ended, 0, second.said);
  await eventually("the first window is in front again", () => display.active(), first.child.pid);
  assert.equal(first.child.exitCode, null);
  assert.equal(await sandbox.end(first), 0, first.said);
});

test("without a display the program says so", { timeout: 120_000 }, async (t) => {
  needProgram();
  const sandbox = new Sandbox();
  t.after(() => sandbox.close());
  const app = sandbox.start(PROGRAM, []);
  assert.equal(await app.ended, 2, app.said);
  assert.match(app.said, /could not open a display/);
});
