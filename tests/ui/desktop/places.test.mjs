// Windows are where they were left: the whole program under a window manager, started again and again.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { NAME, NEEDED, openConnected } from "./connected.mjs";
import { openDisplay } from "./display.mjs";
import { openApp } from "./driver.mjs";
import { eventually, Sandbox, skipWithout, until } from "./processes.mjs";

const options = { skip: skipWithout(...NEEDED, "xwininfo"), timeout: 300_000 };

/** Where a window is, without what the window manager draws around it. */
async function geometry(sandbox, name) {
  const told = String(await sandbox.run("xwininfo", ["-name", name]));
  const number = (what) => Number(new RegExp(`${what}:\\s+(-?\\d+)`).exec(told)[1]);
  return [number("Absolute upper-left X"), number("Absolute upper-left Y"), number("Width"), number("Height")];
}

const saved = (sandbox) => JSON.parse(readFileSync(join(sandbox.env.FARWIRE_DATA_DIR, "windows.json"), "utf8")).windows;
const placeOf = (sandbox, pattern) => saved(sandbox).find(({ name }) => pattern.test(name))?.place;
const MAIN = /^main$/;

/** Opens the main window; `close` ends the program as a person does. */
async function start(sandbox, display) {
  const app = await openApp(sandbox);
  const window = await until("the window is there", async () => String(await sandbox.run("xdotool", ["search", "--onlyvisible", "--name", "^Farwire$"])).trim());
  const run = (...args) => sandbox.run("xdotool", args);
  const pid = Number(String(await run("getwindowpid", window)));
  await until("the window has the keyboard", async () => (await run("windowactivate", window)) && (await display.active()) === pid);
  const isGone = () => run("getwindowname", window).then(() => false, () => true);
  const close = async () => {
    await display.pressUntil("the window is closed", "alt+F4", isGone);
    await until("the program has ended", () => !sandbox.alive().includes(pid));
  };
  const has = async (state) => String(await sandbox.run("xprop", ["-id", window, "_NET_WM_STATE"])).includes(state);
  return { app, window, run, close, has };
}

test("the main window is where it was left", options, async (t) => {
  const sandbox = new Sandbox();
  t.after(() => sandbox.close());
  const display = await openDisplay(sandbox);
  const here = () => geometry(sandbox, "Farwire");

  const first = await start(sandbox, display);
  await first.run("windowsize", "--sync", first.window, "900", "600");
  await first.run("windowmove", first.window, "210", "120");
  await eventually("the place is kept", () => placeOf(sandbox, MAIN)?.area.x, 210);
  const left = await eventually("where it is", here, ([, , width, height]) => width === 900 && height === 600);
  await first.close();

  const second = await start(sandbox, display);
  await eventually("it is where it was left", here, left);
  await display.shoot("places-1-again");
  // A double click on the title fills the monitor.
  await second.run("mousemove", String(left[0] + 300), String(left[1] - 10), "click", "--repeat", "2", "--delay", "60", "1");
  await until("the window fills the monitor", () => second.has("MAXIMIZED_VERT"));
  await until("that is kept", () => placeOf(sandbox, MAIN).is_maximized);
  const full = await eventually("it is as wide as the monitor", here, ([, , width]) => width > 1300);
  await second.close();

  const third = await start(sandbox, display);
  await until("the window fills the monitor again", () => third.has("MAXIMIZED_VERT"));
  await eventually("it is where it was left", here, full);
  await display.shoot("places-2-maximized");
  // And is as it was before when it no longer does.
  await third.run("mousemove", "300", "8", "click", "--repeat", "2", "--delay", "60", "1");
  await until("the window no longer fills it", async () => !(await third.has("MAXIMIZED_VERT")));
  await eventually("it is where it was before", here, left);
  await until("that is kept", () => !placeOf(sandbox, MAIN).is_maximized);
  await third.close();

  // The monitor it was on is gone.
  const windows = saved(sandbox);
  for (const { place } of windows) place.area.x = 4000;
  writeFileSync(join(sandbox.env.FARWIRE_DATA_DIR, "windows.json"), JSON.stringify({ windows }));
  const fourth = await start(sandbox, display);
  const isOnScreen = ([x, y, width, height]) => x >= 0 && x + width <= 1360 && y >= 0 && y + height <= 860;
  await eventually("it is on the screen, as large as it was", here, (place) => isOnScreen(place) && place[2] === 900 && place[3] === 600);
  await display.shoot("places-3-back");
  await fourth.close();
});

test("a machine's own window is where it was left", options, async (t) => {
  const { sandbox, display, app, session, isShown, activeTitle, run } = await openConnected(t, "places-own");
  const detach = async () => {
    await session.click("button", /^Move to its own window/);
    await eventually("its window is in front", activeTitle, NAME);
    await until("its picture is not in the main window", () => app.script(() => document.querySelector(".pane:not([hidden]) .picture") === null));
    await until("its picture is there", isShown);
  };
  const here = () => geometry(sandbox, NAME);
  await detach();
  const own = await run("search", "--onlyvisible", "--name", `^${NAME}$`);
  await run("windowsize", "--sync", own, "820", "540");
  await run("windowmove", own, "330", "210");
  await eventually("the place is kept", () => placeOf(sandbox, /^session-/)?.area.x, 330);
  const left = await here();
  const main = placeOf(sandbox, MAIN);
  // Full screen is no place: neither while it lasts, nor when the window goes with it.
  await display.press("ctrl+alt+Return");
  await until("the window is full screen", async () => String(await sandbox.run("xprop", ["-id", own, "_NET_WM_STATE"])).includes("FULLSCREEN"));
  await new Promise((resolve) => setTimeout(resolve, 700)); // Longer than the program waits for a window to rest.
  await display.press("ctrl+alt+w");
  await eventually("there is one window", activeTitle, "Farwire");
  assert.equal(placeOf(sandbox, /^session-/).area.x, 330);
  await detach();
  await eventually("it is there again", here, left);
  assert.deepEqual(placeOf(sandbox, MAIN), main);
  await display.shoot("places-4-own");
});
