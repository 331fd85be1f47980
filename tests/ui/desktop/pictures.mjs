// Pictures of machines on the screen, beside what the machines show: what is seen has to be the same, to the pixel.
import { MUCH, NAME, openConnected } from "./connected.mjs";
import { eventually, until } from "./processes.mjs";

export const REMOTE = { width: 800, height: 560 };
/** The scroll bars, which WebKit fades as it likes, are no wider. */
export const SCROLL_BAR = 12;
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

/** How many pixels of the seen part differ from the machine's own, the box around them, and how many were compared; those in `but` are left out. */
async function different(opened, { but, remote = REMOTE } = {}) {
  const { origin, from, to } = await seenPart(opened, remote);
  const there = await shownThere(opened);
  const here = await opened.display.pixels();
  let [found, compared] = [0, 0];
  const box = { left: Infinity, top: Infinity, right: -1, bottom: -1 };
  for (let y = from[1]; y < to[1]; y += 1) {
    for (let x = from[0]; x < to[0]; x += 1) {
      const [left, top] = [origin[0] + x, origin[1] + y];
      if (but && left >= but.left && left < but.right && top >= but.top && top < but.bottom) continue;
      const [a, b] = [(y * remote.width + x) * 3, (top * SCREEN_WIDTH + left) * 3];
      compared += 1;
      if (there[a] === here[b] && there[a + 1] === here[b + 1] && there[a + 2] === here[b + 2]) continue;
      found += 1;
      Object.assign(box, { left: Math.min(box.left, x), top: Math.min(box.top, y), right: Math.max(box.right, x), bottom: Math.max(box.bottom, y) });
    }
  }
  return { found, compared, box };
}

/** Waits until a machine's picture on the screen is what its own screen shows. */
export async function isSame(opened, what, atLeast = MUCH, options = {}) {
  await eventually(what, () => different(opened, options), ({ found, compared }) => found === 0 && compared >= atLeast);
}

/** Where a pixel of a machine's picture is on the screen: its middle, however large it is shown. */
export async function placeOf({ app, sandbox, name }, x, y) {
  const [left, top] = await windowOrigin(sandbox);
  const at = await app.script(
    (name, across, down) => {
      const { left, top, width, height } = document.querySelector(`[role="tabpanel"][aria-label="${name}"]:not([hidden]) .picture`).getBoundingClientRect();
      return [left + across * width, top + down * height].map((edge) => edge * devicePixelRatio);
    },
    name,
    (x + 0.5) / REMOTE.width,
    (y + 0.5) / REMOTE.height,
  );
  return [left + at[0], top + at[1]];
}

/** Smoothing mixes in what is so many pixels around. */
const REACH = 6;

/** What of a larger or smaller picture is seen shows the colours that the machine has there, wherever it has but one around. */
export async function hasItsColours(opened, what) {
  const measure = async () => {
    const [first, last] = [await placeOf(opened, 0, 0), await placeOf(opened, REMOTE.width - 1, REMOTE.height - 1)];
    const [left, top] = await windowOrigin(opened.sandbox);
    const view = await opened.app.script((name) => {
      const { left, top, right, bottom } = document.querySelector(`[role="tabpanel"][aria-label="${name}"]:not([hidden]) .view`).getBoundingClientRect();
      return [left, top, right, bottom].map((edge) => edge * devicePixelRatio);
    }, opened.name);
    const isSeen = ([x, y]) =>
      x >= left + view[0] && y >= top + view[1] && x < Math.min(SCREEN_WIDTH, left + view[2] - SCROLL_BAR) && y < Math.min(SCREEN_HEIGHT, top + view[3] - SCROLL_BAR);
    const there = await shownThere(opened);
    const here = await opened.display.pixels();
    const colour = (pixels, width, x, y) => [...pixels.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)].join();
    const isPlain = (x, y, wanted) => {
      for (let dy = -REACH; dy <= REACH; dy += 1) {
        for (let dx = -REACH; dx <= REACH; dx += 1) if (colour(there, REMOTE.width, x + dx, y + dy) !== wanted) return false;
      }
      return true;
    };
    const wrong = [];
    let compared = 0;
    for (let y = REACH; y < REMOTE.height - REACH; y += 11) {
      for (let x = REACH; x < REMOTE.width - REACH; x += 13) {
        const at = [first[0] + (x * (last[0] - first[0])) / (REMOTE.width - 1), first[1] + (y * (last[1] - first[1])) / (REMOTE.height - 1)];
        const wanted = colour(there, REMOTE.width, x, y);
        if (!isSeen(at) || !isPlain(x, y, wanted)) continue;
        const found = colour(here, SCREEN_WIDTH, ...at.map(Math.floor));
        compared += 1;
        if (found !== wanted) wrong.push({ x, y, wanted, found });
      }
    }
    const isScaled = Math.abs(last[0] - first[0] - REMOTE.width) > 8;
    return { wrong: wrong.slice(0, 5), isEnough: compared > 300, isScaled };
  };
  await eventually(`${what}: the colours of what is scaled`, measure, { wrong: [], isEnough: true, isScaled: true });
}

/** Rests the pointer on a machine's picture: a server paints its own into that of a viewer that points nowhere. */
export async function pointAt(opened) {
  const { origin, from } = await seenPart(opened);
  await opened.sandbox.run("xdotool", ["mousemove", String(origin[0] + from[0] + 10), String(origin[1] + from[1] + 10)]);
}
