// Several machines on the desktop's own surface, and the places besides where their pictures are seen.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { MUCH, NAME, NEEDED } from "./connected.mjs";
import { startMachine, TERMINAL_COLOUR } from "./machine.mjs";
import { isOnSurface, isSame, openPicture, partOf, pointAt, REMOTE, SCREEN_WIDTH, SCROLL_BAR, showExactly, shownThere, windowOrigin } from "./pictures.mjs";
import { eventually, skipWithout, until } from "./processes.mjs";

const skip = skipWithout(...NEEDED, "xwininfo", "xsetroot", "xrefresh", "convert");
const OTHER = "lathe-02";
const PURPLE = [0x7a, 0x4f, 0x9d];

/** The program with two machines, of which the second is seen. */
async function openTwo(t, way) {
  const first = await openPicture(t, way, 1, "beside");
  const { app, sandbox } = first;
  const machine = await startMachine(sandbox, "", "other-machine");
  await app.click("tab", "Machines");
  await app.click("button", "Add");
  const form = app.inside("form", "New machine");
  await form.fill("Address", `vnc://127.0.0.1:${machine.port}`);
  await form.fill("Name", OTHER);
  await form.click("button", "Add and connect");
  const session = app.inside("tabpanel", OTHER);
  await session.fill("Password", machine.password);
  await session.click("button", "Connect");
  await until("the surface shows the second", () => isOnSurface(app, OTHER));
  const second = { ...first, session, machine, env: machine.env, name: OTHER };
  await showExactly(second, OTHER);
  return { first, second };
}

for (const way of ["under", "top"]) {
  test(`two machines are seen side by side as they are, with the surface ${way} the page`, { skip, timeout: 600_000 }, async (t) => {
    const { first, second } = await openTwo(t, way);
    const { app, sandbox, display, run } = first;
    await second.session.click("button", "More");
    await app.click("menuitem", "Show beside");
    await app.click("menuitem", NAME);
    for (const name of [NAME, OTHER]) await until(`the surface shows ${name}`, () => isOnSurface(app, name));
    // A server draws its pointer into the picture until a viewer has moved it. Two moves within a frame would reach only the second.
    for (const each of [first, second]) {
      await pointAt(each);
      await isSame(each, `${each.name} pointed at`, MUCH / 2);
    }
    const areSame = async (what) => {
      await isSame(first, `${NAME} ${what}`, MUCH / 2);
      await isSame(second, `${OTHER} ${what}`, MUCH / 2);
    };
    await areSame("at first");
    await display.shoot(`beside-${way}-1`);

    // Both change at once.
    for (let at = 0; at < 12; at += 1) {
      const [own, colour] = [at % 2 === 0 ? first.env : second.env, `#${(0x305070 + at * 0x0b1107).toString(16)}`];
      sandbox.start("xterm", ["-bg", colour, "-geometry", `${12 + at}x${4 + at}+${20 + at * 23}+${15 + at * 31}`], { env: own });
    }
    await areSame("while both change");

    // Smaller, larger and elsewhere. What is left over from before would go when all of the screen is drawn anew.
    const window = await run("search", "--onlyvisible", "--name", "^Farwire$");
    for (const [w, h, x, y] of [[1000, 560, 0, 0], [1300, 760, 30, 40], [900, 500, 200, 120], [1280, 780, 10, 30]]) {
      await run("windowsize", "--sync", window, String(w), String(h));
      await run("windowmove", window, String(x), String(y));
      await areSame(`in a window of ${w} x ${h} at ${x}, ${y}`);
    }
    const leftOver = async () => {
      await run("windowsize", "--sync", window, "1100", "640");
      await areSame("in a smaller window");
      await run("windowsize", "--sync", window, "1280", "780");
      await areSame("in a larger window");
      const [, top] = await windowOrigin(sandbox);
      const [first, last] = await app.script(() => {
        const { top, bottom } = document.querySelector(".pane:not([hidden]) .view").getBoundingClientRect();
        return [top, bottom];
      });
      // Above are tool bars, whose numbers change.
      const rows = [Math.ceil(top + first), Math.floor(top + last) - SCROLL_BAR];
      const before = await still(display, rows);
      await sandbox.run("xrefresh", []);
      await areSame("drawn anew");
      return around(before, await still(display, rows), rows);
    };
    await eventually("nothing is left over", leftOver, null);
    await display.shoot(`beside-${way}-2`);

    // One of them alone, and both again.
    await second.session.click("button", "More");
    await app.click("menuitem", "Show alone");
    await until(`${NAME} is out of sight`, async () => !(await isOnSurface(app)));
    await isSame(second, "alone", MUCH);
    await second.session.click("button", "More");
    await app.click("menuitem", "Show beside");
    await app.click("menuitem", NAME);
    await until("both are seen", async () => (await isOnSurface(app)) && (await isOnSurface(app, OTHER)));
    await areSame("side by side again");
  });

  test(`small pictures and screenshots are of now, with the surface ${way} the page`, { skip, timeout: 600_000 }, async (t) => {
    const { first, second } = await openTwo(t, way);
    const { app, sandbox, display, run } = first;
    // A colour that no canvas has seen: it came while the surface showed the picture.
    sandbox.start("xsetroot", ["-solid", "#7a4f9d"], { env: second.env });
    await pointAt(second);
    await isSame(second, "with a new colour", MUCH);

    // By the API, to the pixel.
    const { body: sessions } = await app.request("GET", "/sessions");
    const { session_id: id } = sessions.find((one) => one.name === OTHER);
    const picture = join(sandbox.home, "screenshot.png");
    await eventually("a screenshot is what the machine shows", async () => {
      writeFileSync(picture, Buffer.from(await app.bytes(`/session/${id}/screenshot?format=png`)));
      const seen = await sandbox.run("convert", [picture, "-depth", "8", "rgb:-"]);
      return seen.length === REMOTE.width * REMOTE.height * 3 && seen.equals(await shownThere(second));
    }, true);

    // The pointer rests on the tabs: on that of the machine that is seen, and of the one that is not.
    for (const [name, colour] of [[OTHER, PURPLE], [NAME, TERMINAL_COLOUR]]) {
      const tab = await app.script((name) => {
        const tab = [...document.querySelectorAll("[role=tab]")].find((one) => one.textContent.includes(name));
        const { left, top, width, height } = tab.getBoundingClientRect();
        return [left + width / 3, top + height / 2];
      }, name);
      const [left, top] = await windowOrigin(sandbox);
      await run("mousemove", String(left + 600), String(top + 400));
      await run("mousemove", String(Math.round(left + tab[0])), String(Math.round(top + tab[1])));
      await until(`a hint about ${name}`, () => app.script((name) => document.querySelector("[role=tooltip]")?.textContent.includes(name) ?? false, name));
      await eventually(`the small picture of ${name}`, () => partOf(app, "[role=tooltip] canvas", colour), (part) => part > 0.05);
      await display.shoot(`beside-${way}-tab-${name}`);
    }
    await run("mousemove", "700", "500");
    await until("the small picture is gone", () => app.script(() => document.querySelector("[role=tooltip]") === null));
    await until("the surface shows it again", () => isOnSurface(app, OTHER));
    await isSame(second, "after its small picture", MUCH);

    // Among the machines.
    await app.click("tab", "Machines");
    await app.click("radio", "Tiles");
    await eventually("the tile shows it", () => partOf(app, `[role=gridcell] img`, PURPLE), (part) => part > 0.05);
    await display.shoot(`beside-${way}-tiles`);
    assert.equal(await isOnSurface(app, OTHER), false);
  });
}

/** The screen once nothing in some rows of it moves. */
async function still(display, rows) {
  let last = await display.pixels();
  await until("the screen stands still", async () => {
    await setTimeout(300);
    const before = last;
    last = await display.pixels();
    return around(before, last, rows) === null;
  });
  return last;
}

/** What lies around all pixels in which two pictures of the screen differ in these rows; nothing where they do not. */
function around(before, after, [first, end]) {
  const all = Array.from({ length: (end - first) * SCREEN_WIDTH }, (_, pixel) => first * SCREEN_WIDTH + pixel);
  const at = all.filter((pixel) => [0, 1, 2].some((part) => before[pixel * 3 + part] !== after[pixel * 3 + part]));
  if (at.length === 0) return null;
  const [across, down] = [at.map((pixel) => pixel % SCREEN_WIDTH), at.map((pixel) => Math.floor(pixel / SCREEN_WIDTH))];
  const least = (some) => some.reduce((a, b) => Math.min(a, b));
  const most = (some) => some.reduce((a, b) => Math.max(a, b));
  return { pixels: at.length, from: [least(across), least(down)], to: [most(across), most(down)] };
}
