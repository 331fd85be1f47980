// Larger and smaller pictures on the desktop's own surface: what is seen, and where the pointer is.
import { test } from "node:test";
import { MUCH, NAME, NEEDED } from "./connected.mjs";
import { TERMINAL_COLOUR } from "./machine.mjs";
import { hasItsColours, isOnSurface, isSame, openPicture, placeOf, pointAt, REMOTE, SCREEN_WIDTH, SCROLL_BAR, seenPart } from "./pictures.mjs";
import { eventually, skipWithout, until } from "./processes.mjs";

const skip = skipWithout(...NEEDED, "xwininfo");

for (const way of ["under", "top"]) {
  test(`a picture that fills the window, is larger or smaller is where the pointer says, with the surface ${way} the page`, { skip, timeout: 600_000 }, async (t) => {
    const opened = await openPicture(t, way, 1, "zoomed");
    const { app, display, sandbox, session, env, run } = opened;
    await pointAt(opened);
    await isSame(opened, "at first", MUCH);
    const boxes = () =>
      app.script(() =>
        [".picture", ".view"].map((part) => {
          const { left, top, width, height } = document.querySelector(`.pane:not([hidden]) ${part}`).getBoundingClientRect();
          return { left, top, width, height };
        }),
      );
    const width = async () => Math.round((await boxes())[0].width);
    /** The machine has the pointer where it is seen, as near as a pixel of the screen tells. */
    const pointsTo = async (x, y, slack) => {
      const [across, down] = await placeOf(opened, x, y);
      await run("mousemove", String(Math.floor(across)), String(Math.floor(down)));
      const there = async () => {
        const told = String(await sandbox.run("xdotool", ["getmouselocation"], { env }));
        return ["x", "y"].map((axis) => Number(new RegExp(`${axis}:(\\d+)`).exec(told)[1]));
      };
      await eventually(`the pointer is at ${x}, ${y}`, there, (at) => Math.abs(at[0] - x) <= slack && Math.abs(at[1] - y) <= slack);
    };
    await pointsTo(411, 233, 0);
    const cursor = () => app.script(() => getComputedStyle(document.querySelector(".pane:not([hidden]) .sink")).cursor);
    await eventually("the machine's cursor", cursor, /^url\("?(data|blob):/);

    await session.click("radio", "Fill");
    await eventually("no part of the view is bare", boxes, ([filled, seen]) => filled.width >= seen.width - 1 && filled.height >= seen.height - 1);
    await pointsTo(400, 280, 1);
    await hasItsColours(opened, "filling the window");
    await display.shoot(`zoomed-${way}-fill`);

    // Larger than the window, of which Ctrl, Alt and the pointer show another part.
    await session.click("button", /^Zoom/);
    await app.click("menuitemcheckbox", "200 %");
    await eventually("it is twice as large", width, 2 * REMOTE.width);
    await pointsTo(320, 220, 0);
    const before = await placeOf(opened, 320, 220);
    const at = before.map(Math.floor);
    await run("keydown", "ctrl", "keydown", "alt", "mousedown", "1");
    await run("mousemove", "--sync", String(at[0] - 30), String(at[1] - 20), "mousemove", "--sync", String(at[0] - 60), String(at[1] - 40), "mouseup", "1");
    await eventually("it moves", () => placeOf(opened, 320, 220), ([x, y]) => Math.abs(before[0] - x - 60) < 2 && Math.abs(before[1] - y - 40) < 2);
    await run("keyup", "alt", "keyup", "ctrl");
    await pointsTo(320, 210, 0);
    await until("the surface shows it", () => isOnSurface(app));
    await hasItsColours(opened, "twice as large");
    await display.shoot(`zoomed-${way}-twice`);
    if (way === "top") {
      const { origin, to } = await seenPart(opened, { width: 2 * REMOTE.width, height: 2 * REMOTE.height });
      const strip = async () => {
        const here = await display.pixels();
        const [x, y] = [origin[0] + to[0], origin[1] + to[1]];
        const across = Array.from({ length: SCROLL_BAR }, (_, at) => here.subarray(((y - 100) * SCREEN_WIDTH + x + at) * 3).subarray(0, 3));
        const down = Array.from({ length: SCROLL_BAR }, (_, at) => here.subarray(((y + at) * SCREEN_WIDTH + x - 100) * 3).subarray(0, 3));
        return [...across, ...down].filter((pixel) => pixel.equals(Buffer.from(TERMINAL_COLOUR))).length;
      };
      await eventually("nothing lies over the scroll bars", strip, 0);
    }

    // All of it, and smaller than it is.
    await display.press("ctrl+alt+0");
    await eventually("all of it is seen", boxes, ([all, seen]) => all.width <= seen.width && all.height <= seen.height && all.width > REMOTE.width);
    await pointsTo(700, 500, 1);
    await session.click("button", /^Zoom/);
    await app.click("menuitemcheckbox", "50 %");
    await eventually("it is half as large", width, REMOTE.width / 2);
    await pointsTo(700, 500, 2);
    await hasItsColours(opened, "half as large");
    await session.click("radio", "1:1");
    await pointsTo(17, 9, 0);
    await isSame(opened, `${NAME} pixel by pixel again`, MUCH);
  });
}
