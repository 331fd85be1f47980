// What is left of a session that is over: its last picture, dimmed, also where the desktop's own surface had it.
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { MUCH, NAME, NEEDED } from "./connected.mjs";
import { isDimmed, isSame, openPicture, partOf, pointAt, seenPart, shownThere, windowOrigin } from "./pictures.mjs";
import { eventually, skipWithout, until } from "./processes.mjs";

const skip = skipWithout(...NEEDED, "xwininfo", "xsetroot");
/** What no canvas has seen: it came while the surface showed the picture. */
const PURPLE = [0x7a, 0x4f, 0x9d];
/** The same under the wash of a small picture. */
const IN_TILE = 0.05;

for (const way of ["under", "top"]) {
  test(`a session that is over leaves its last picture, with the surface ${way} the page`, { skip, timeout: 300_000 }, async (t) => {
    const opened = await openPicture(t, way, 1, "ended");
    const { app, sandbox, display, env, run } = opened;
    await pointAt(opened);
    sandbox.start("xsetroot", ["-solid", "#7a4f9d"], { env });
    sandbox.start("xterm", ["-bg", "#a03050", "-geometry", "30x10+300+200", "-e", "sleep", "600"], { env });
    const isThere = async () => (await shownThere(opened)).indexOf(Buffer.from([0xa0, 0x30, 0x50])) >= 0;
    await until("the machine shows something new", isThere);
    await isSame(opened, "the last picture while it is live", MUCH);
    // Windows that are new draw a little more once they have the keyboard.
    const shown = await until("nothing changes any more", async () => {
      const before = await shownThere(opened);
      await setTimeout(700);
      return before.equals(await shownThere(opened)) && before;
    });

    // Somebody else ends it.
    const { body: sessions } = await app.request("GET", "/sessions");
    const { session_id: id } = sessions.find((one) => one.name === NAME);
    await app.request("DELETE", `/session/${id}`);
    const card = async () => {
      const box = () =>
        app.script((name) => {
          const card = document.querySelector(`[role="tabpanel"][aria-label="${name}"]:not([hidden]) section.card`);
          const { left, top, right, bottom } = card?.getBoundingClientRect() ?? {};
          return card && { left, top, right, bottom };
        }, NAME);
      const { left, top, right, bottom } = await until("it is told", box);
      const [x, y] = await windowOrigin(sandbox);
      const SHADOW = 40;
      return { left: x + left - SHADOW, top: y + top - SHADOW, right: x + right + SHADOW, bottom: y + bottom + SHADOW };
    };
    const { to } = await seenPart(opened);
    const least = to[0] * 100;
    await isDimmed(opened, "the last picture", least, { but: card, shown });
    await display.shoot(`ended-${way}-1`);

    // Out of sight and back: the surface has nothing to show any more.
    await app.click("tab", "Machines");
    await app.click("radio", "Tiles");
    await eventually("the tile shows it", () => partOf(app, "[role=gridcell] img", PURPLE), (part) => part > IN_TILE);
    await display.shoot(`ended-${way}-2-tile`);
    await app.click("tab", NAME);
    await isDimmed(opened, "the last picture again", least, { but: card, shown });

    // Small, in the hint about its tab.
    const tab = await app.script((name) => {
      const tab = [...document.querySelectorAll("[role=tab]")].find((one) => one.textContent.includes(name));
      const { left, top, width, height } = tab.getBoundingClientRect();
      return [left + width / 3, top + height / 2];
    }, NAME);
    const [left, top] = await windowOrigin(sandbox);
    await until("a hint about it", async () => {
      await run("mousemove", String(left + 600), String(top + 400));
      await setTimeout(100);
      await run("mousemove", String(Math.round(left + tab[0])), String(Math.round(top + tab[1])));
      return await until("a hint", () => app.script(() => document.querySelector("[role=tooltip] canvas") !== null), 3000);
    });
    await eventually("the small picture", () => partOf(app, "[role=tooltip] canvas", PURPLE), (part) => part > IN_TILE);
    await display.shoot(`ended-${way}-3-hint`);
  });
}
