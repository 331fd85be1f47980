// Pictures on the desktop's own surface, under the page and over it: what is on the screen is what the machine shows, to the pixel.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { MUCH, NAME, NEEDED } from "./connected.mjs";
import { TERMINAL_COLOUR } from "./machine.mjs";
import { hasItsColours, isOnSurface, isSame, isSameInOwnWindow, openPicture as open, pointAt, REMOTE, SCREEN_WIDTH, seenPart, shownThere, windowOrigin } from "./pictures.mjs";
import { eventually, skipWithout, until } from "./processes.mjs";

/** How long the page hears nothing, while the machine's screen becomes another. */
const BUSY_MS = 15_000;
/** What the machine's screen becomes. */
const SMALLER = { width: 640, height: 480 };
const skip = skipWithout(...NEEDED, "xwininfo", "xsetroot", "xrandr");

for (const way of ["under", "top"]) {
  test(`what is on the screen is the machine's picture, with the surface ${way} the page`, { skip, timeout: 600_000 }, async (t) => {
    const opened = await open(t, way);
    const { app, display, sandbox, session, env, machine, run, activeTitle } = opened;
    await pointAt(opened);
    await isSame(opened, "at first", REMOTE.width * 500);
    await display.shoot(`native-${way}-1`);

    // A hundred windows that come, move and go, of any size and colour.
    const random = seeded(7);
    for (let round = 0; round < 10; round += 1) {
      const some = [];
      for (let each = 0; each < 10; each += 1) {
        const [w, h, x, y] = [20, 20, 0, 0].map((least, at) => least + Math.floor(random() * [300, 200, 700, 480][at]));
        const colour = `#${Math.floor(random() * 0xffffff).toString(16).padStart(6, "0")}`;
        some.push(sandbox.start("xterm", ["-bg", colour, "-title", `window ${round} ${each}`, "-geometry", `${8 + (w >> 3)}x${3 + (h >> 4)}+${x}+${y}`], { env }));
      }
      await isSame(opened, `after ${(round + 1) * 10} damages`);
      for (const each of some) await sandbox.end(each);
    }
    await isSame(opened, "after all of them are gone");

    // The window gets smaller and larger.
    const window = await run("search", "--onlyvisible", "--name", "^Farwire$");
    for (const [w, h] of [[900, 500], [780, 700], [1200, 640], [1280, 780]]) {
      await run("windowsize", "--sync", window, String(w), String(h));
      await isSame(opened, `in a window of ${w} x ${h}`);
    }
    await run("windowmove", window, "10", "30");
    await isSame(opened, "in a window that was moved");

    // Another tab, and back.
    await app.click("tab", "Machines");
    await eventually("the list is seen", () => display.count(TERMINAL_COLOUR), (count) => count < MUCH / 10);
    await display.shoot(`native-${way}-2-machines`);
    sandbox.start("xsetroot", ["-solid", "#7a4f9d"], { env });
    await countDrawn(app);
    await app.click("tab", NAME);
    await isSame(opened, "after another tab");
    assert.equal(await drawn(app), 0, "pictures that the page drew although the surface has them");

    // A menu over the picture.
    await session.click("button", /^Keys/);
    await app.element("menuitem", /^Ctrl\+Alt\+Del/);
    const but = await menuOnScreen(opened);
    await isSame(opened, "with a menu over it", MUCH, { but });
    await display.shoot(`native-${way}-3-menu`);
    const paper = await app.script(() => getComputedStyle(document.querySelector("[role=menu]")).backgroundColor);
    const at = ((but.top + 48) * SCREEN_WIDTH + but.left + 48) * 3;
    const inMenu = async () => [...(await display.pixels()).subarray(at, at + 3)].join(", ");
    await until("the menu is over the picture", async () => paper.includes(`(${await inMenu()}`));
    if (way === "top") await until("the page draws the picture under its menu", async () => (await drawn(app)) !== 0);
    await display.shoot(`native-${way}-4-menu`);
    await display.press("Escape");
    await until("the menu is gone", () => app.script(() => document.querySelector("[role=menu]") === null));
    await until("the surface shows it again", () => isOnSurface(app));
    await isSame(opened, "after the menu");

    // A place that is larger than any surface: the page is told, and draws the picture itself.
    const { body: sessions } = await app.request("GET", "/sessions");
    const [width, height] = [40_000, 400];
    const area = { x: 0, y: 0, width, height };
    const placement = { session: sessions.find((one) => one.name === NAME).session_id, view: area, picture: area, size: [REMOTE.width, REMOTE.height], is_smooth: true };
    assert.deepEqual(await app.command("place_pictures", { pictures: [placement] }), []);
    await run("windowsize", "--sync", window, "1180", "700");
    await isSame(opened, "after a place without a surface");
    await run("windowsize", "--sync", window, "1280", "780");
    await isSame(opened, "in the window as it was");

    // All of the screen, with nothing of the window in sight.
    await display.press("ctrl+alt+Return");
    const isFull = () => app.script(() => document.querySelector(".pane.full .picture.elsewhere") !== null);
    await until("it fills the screen", isFull);
    const isBare = async () => {
      const row = (await display.pixels()).subarray(12 * SCREEN_WIDTH * 3, 13 * SCREEN_WIDTH * 3);
      return row.every((value, at) => value === row[at % 3]);
    };
    await until("the bar is gone and nothing shows through", isBare);
    await isSame(opened, "in full screen", REMOTE.width * REMOTE.height - 100);
    await display.press("ctrl+alt+Return");
    await until("the window is back", async () => (await isOnSurface(app)) && !(await isFull()));
    await isSame(opened, "after full screen");

    // Larger or smaller: where the machine shows one colour, so does the screen.
    sandbox.start("xsetroot", ["-solid", "#2f6f4f"], { env });
    await session.click("radio", "Fit");
    await hasItsColours(opened, "as large as the window");
    await session.click("radio", "1:1");
    await isSame(opened, "pixel by pixel again");

    // The machine's screen gets another size, which the page cannot hear of for a while: its picture keeps its shape as long.
    const { origin, from, to } = await seenPart(opened);
    const rows = async () => {
      const here = await display.pixels();
      return Array.from({ length: to[1] - from[1] }, (_, row) => {
        const at = (origin[1] + from[1] + row) * SCREEN_WIDTH + origin[0];
        return here.subarray((at + from[0]) * 3, (at + to[0]) * 3);
      });
    };
    const before = await rows();
    const deadline = Date.now() + BUSY_MS;
    await app.script((deadline) => {
      setTimeout(() => {
        while (Date.now() < deadline);
      }, 300);
    }, deadline);
    let answer;
    do {
      answer = app.script(() => true);
    } while (Date.now() < deadline && (await Promise.race([answer, setTimeout(500, false)])));
    await sandbox.run("xrandr", ["-s", `${SMALLER.width}x${SMALLER.height}`], { env });
    const hasNewSize = async () => (await shownThere(opened)).length === SMALLER.width * SMALLER.height * 3;
    await until("the machine has the new size", hasNewSize);
    let looks = 0;
    while (Date.now() < deadline - 1000) {
      const now = await rows();
      const wrong = now.findIndex((row, at) => !row.equals(before[at]));
      // What was looked at later may be what the page made of it.
      if (Date.now() >= deadline) break;
      assert.equal(wrong, -1, "a row of the picture that changed");
      looks += 1;
    }
    assert.ok(looks > 0, "nothing was looked at while the page was busy");
    await answer;
    const size = () => app.script(() => ["width", "height"].map((side) => document.querySelector(".picture canvas")[side]).join("x"));
    await eventually("the page knows the size", size, `${SMALLER.width}x${SMALLER.height}`);
    await isSame(opened, "of another size", MUCH, { remote: SMALLER });
    await sandbox.run("xrandr", ["-s", `${REMOTE.width}x${REMOTE.height}`], { env });
    await eventually("the size is as before", size, `${REMOTE.width}x${REMOTE.height}`);
    await isSame(opened, "of the size it had");

    // Out to a window of its own, and back.
    await session.click("button", /^Move to its own window/);
    await eventually("its window is in front", activeTitle, NAME);
    await until("its picture is not in the main window", () => app.script(() => document.querySelector(".pane:not([hidden]) .picture") === null));
    await isSameInOwnWindow(opened, NAME);
    sandbox.start("xsetroot", ["-solid", "#33557f"], { env });
    await until("the machine has another colour", async () => (await shownThere(opened)).indexOf(Buffer.from([0x33, 0x55, 0x7f])) >= 0);
    await isSameInOwnWindow(opened, NAME);
    await display.shoot(`native-${way}-5-own`);
    await display.press("ctrl+alt+w");
    await eventually("its window is gone", activeTitle, (title) => title !== NAME);
    await until("the surface shows it here again", () => isOnSurface(app));
    await isSame(opened, "back from a window of its own");
    await eventually("the machine has one viewer", machine.viewers, 1);
  });
}

for (const way of ["under", "top"]) {
  test(`a picture has a screen of two pixels for one to itself, and gets dark with its link, with the surface ${way} the page`, { skip, timeout: 300_000 }, async (t) => {
    const opened = await open(t, way, 2);
    const { display, sandbox, env, machine } = opened;
    // Much of the window lies beyond the screen.
    await pointAt(opened);
    await isSame(opened, "at first", MUCH);
    for (const [at, colour] of ["#a03050", "#3070a0", "#70a030"].entries()) {
      sandbox.start("xterm", ["-bg", colour, "-geometry", `30x10+${40 + at * 90}+${30 + at * 70}`], { env });
      await isSame(opened, `after ${at + 1} damages`, MUCH);
    }
    await eventually("its terminal is seen", () => display.count(TERMINAL_COLOUR), (count) => count > MUCH / 10);
    await display.shoot(`native-${way}-2-damaged`);
    machine.stop();
    await eventually("it is dimmed", () => display.count(TERMINAL_COLOUR), (count) => count < MUCH / 100);
    await display.shoot(`native-${way}-2-dimmed`);
  });
}

for (const way of ["under", "top"]) {
  test(`a picture is as large as its page when the screen gets two pixels for one, with the surface ${way} the page`, { skip: skip || skipWithout("xsettingsd"), timeout: 300_000 }, async (t) => {
    let desktop;
    const tell = (sandbox, factor) => writeFileSync(join(sandbox.home, "xsettingsd"), `Gdk/WindowScalingFactor ${factor}\n`);
    const opened = await open(t, way, 1, "factor", (sandbox) => {
      delete sandbox.env.GDK_SCALE;
      tell(sandbox, 1);
      desktop = sandbox.start("xsettingsd", ["-c", join(sandbox.home, "xsettingsd")]);
    });
    const { app, display, session, sandbox } = opened;
    await pointAt(opened);
    await isSame(opened, "at first", MUCH);
    // The page then keeps its size in its own units, and so does the picture.
    await session.click("radio", "Fit");
    await hasItsColours(opened, "as large as the window");
    tell(sandbox, 2);
    desktop.child.kill("SIGHUP");
    await eventually("the page has two pixels for one", () => app.script(() => devicePixelRatio), 2);
    await until("the surface shows it", () => isOnSurface(app));
    await hasItsColours(opened, "twice as large");
    await display.shoot(`factor-${way}-2`);
    tell(sandbox, 1);
    desktop.child.kill("SIGHUP");
    await eventually("the page has its pixels to itself", () => app.script(() => devicePixelRatio), 1);
    await session.click("radio", "1:1");
    await isSame(opened, "as it was", MUCH);
  });
}

/** Where the open menu is on the screen, with its shadow. */
async function menuOnScreen({ app, sandbox }) {
  const [x, y] = await windowOrigin(sandbox);
  const { left, top, right, bottom } = await app.script(() => {
    const { left, top, right, bottom } = document.querySelector("[role=menu]").getBoundingClientRect();
    return { left, top, right, bottom };
  });
  const SHADOW = 40;
  return { left: Math.floor(x + left) - SHADOW, top: Math.floor(y + top) - SHADOW, right: Math.ceil(x + right) + SHADOW, bottom: Math.ceil(y + bottom) + SHADOW };
}

/** Counts what the page draws of pictures from now on. */
const countDrawn = (app) =>
  app.script(() => {
    const own = CanvasRenderingContext2D.prototype.putImageData;
    window.drawn = 0;
    CanvasRenderingContext2D.prototype.putImageData = function (...all) {
      window.drawn += 1;
      own.apply(this, all);
    };
  });

const drawn = (app) => app.script(() => window.drawn);

/** The same numbers in every run. */
function seeded(seed) {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}
