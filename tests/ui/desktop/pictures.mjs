// Pictures of machines on the screen, beside what the machines show: what is seen has to be the same, to the pixel.
import { MUCH, NAME, openConnected } from "./connected.mjs";
import { eventually, until } from "./processes.mjs";

export const REMOTE = { width: 800, height: 560 };
export const [SCREEN_WIDTH, SCREEN_HEIGHT] = [1360, 860];

/**
 * Opens the program with a machine on its screen, pixel by pixel and without losses, and the surface where it is wanted. A pixel
 * of the page has `scale` of the screen each way.
 */
export async function openPicture(t, way, scale = 1, shot = "native") {
  const opened = await openConnected(t, `${shot}-${way}-${scale}`, (sandbox) => {
    sandbox.env.WEBKIT_DISABLE_DMABUF_RENDERER = way === "under" ? "0" : "1";
    sandbox.env.GDK_SCALE = String(scale);
  });
  const { app } = opened;
  await eventually("where the surface is", () => wayOf(app), way);
  await showExactly(opened, NAME);
  await until("the surface shows it", () => isOnSurface(app));
  return { ...opened, name: NAME };
}

/** Where the program shows pictures; nothing until it knows. */
export const wayOf = (app) => app.script(() => document.documentElement.dataset.graphics ?? "");

/** Has a machine shown pixel by pixel and without losses. */
export async function showExactly({ app }, name) {
  const { body: sessions } = await app.request("GET", "/sessions");
  const { session_id: id } = sessions.find((one) => one.name === name);
  await app.request("PUT", `/session/${id}`, { quality: "lossless" });
  await app.inside("tabpanel", name).click("radio", "1:1");
}

/** Whether the page leaves a picture to the surface. */
export const isOnSurface = (app, name = NAME) =>
  app.script((name) => document.querySelector(`[role="tabpanel"][aria-label="${name}"] .picture.elsewhere`) !== null, name);

/** Where the inside of the window begins on the screen. */
export async function windowOrigin(sandbox) {
  const told = String(await sandbox.run("xwininfo", ["-name", "Farwire"]));
  return ["X", "Y"].map((axis) => Number(new RegExp(`Absolute upper-left ${axis}: +(-?\\d+)`).exec(told)[1]));
}

/** Where a machine's picture begins on the screen, and what of it is seen: none while it is not shown. */
export async function seenPart({ app, sandbox, name }, remote = REMOTE) {
  const [left, top] = await windowOrigin(sandbox);
  const [picture, view] = await app.script(
    (name) =>
      [".picture", ".view"].map((part) => {
        const { left, top, right, bottom } = document.querySelector(`[role="tabpanel"][aria-label="${name}"]:not([hidden]) ${part}`).getBoundingClientRect();
        const [x, y, toX, toY] = [left, top, right, bottom].map((edge) => edge * devicePixelRatio);
        return { left: x, top: y, right: toX, bottom: toY };
      }),
    name,
  );
  const origin = [left + picture.left, top + picture.top].map(Math.round);
  const edges = [SCREEN_WIDTH, SCREEN_HEIGHT].map((edge, axis) => edge - origin[axis]);
  return {
    origin,
    from: [Math.max(0, view.left - picture.left), Math.max(0, view.top - picture.top)].map(Math.ceil),
    to: [Math.min(remote.width, edges[0], view.right - picture.left), Math.min(remote.height, edges[1], view.bottom - picture.top)].map(Math.floor),
  };
}

/** What a machine's screen shows, as rows of red, green and blue bytes. */
export const shownThere = ({ sandbox, env }) => sandbox.run("import", ["-silent", "-window", "root", "-depth", "8", "rgb:-"], { env });

/** How many pixels of the seen part differ from the machine's own, and how many were compared; those in `but` are left out. */
async function different(opened, { but, remote = REMOTE } = {}) {
  const { origin, from, to } = await seenPart(opened, remote);
  const there = await shownThere(opened);
  const here = await opened.display.pixels();
  let [found, compared] = [0, 0];
  for (let y = from[1]; y < to[1]; y += 1) {
    for (let x = from[0]; x < to[0]; x += 1) {
      const [left, top] = [origin[0] + x, origin[1] + y];
      if (but && left >= but.left && left < but.right && top >= but.top && top < but.bottom) continue;
      const [a, b] = [(y * remote.width + x) * 3, (top * SCREEN_WIDTH + left) * 3];
      compared += 1;
      if (there[a] !== here[b] || there[a + 1] !== here[b + 1] || there[a + 2] !== here[b + 2]) found += 1;
    }
  }
  return { found, compared };
}

/** Waits until a machine's picture on the screen is what its own screen shows. */
export async function isSame(opened, what, atLeast = MUCH, options = {}) {
  await eventually(what, () => different(opened, options), ({ found, compared }) => found === 0 && compared >= atLeast);
}

/** Rests the pointer on a machine's picture: a server paints its own into that of a viewer that points nowhere. */
export async function pointAt(opened) {
  const { origin, from } = await seenPart(opened);
  await opened.sandbox.run("xdotool", ["mousemove", String(origin[0] + from[0] + 10), String(origin[1] + from[1] + 10)]);
}
