// Pictures of machines on the screen, beside what the machines show: what is seen has to be the same, to the pixel.
import { MUCH, NAME, openConnected } from "./connected.mjs";
import { eventually, until } from "./processes.mjs";

export const REMOTE = { width: 800, height: 560 };
/** The scroll bars, which WebKit fades as it likes, are no wider. */
export const SCROLL_BAR = 12;
export const [SCREEN_WIDTH, SCREEN_HEIGHT] = [1360, 860];

/**
 * Opens the program with a machine on its screen, pixel by pixel and without losses, and the surface where it is wanted. A pixel
 * of the page has `scale` of the screen each way, until `prepare` says something else.
 */
export async function openPicture(t, way, scale = 1, shot = "native", prepare = () => {}) {
  const opened = await openConnected(t, `${shot}-${way}-${scale}`, (sandbox) => {
    sandbox.env.WEBKIT_DISABLE_DMABUF_RENDERER = way === "under" ? "0" : "1";
    sandbox.env.GDK_SCALE = String(scale);
    prepare(sandbox);
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

/** Where the inside of a window is on the screen. */
async function windowBox(sandbox, name) {
  const told = String(await sandbox.run("xwininfo", ["-name", name]));
  const [left, top, width, height] = ["Absolute upper-left X", "Absolute upper-left Y", "Width", "Height"].map((what) => Number(new RegExp(`${what}: +(-?\\d+)`).exec(told)[1]));
  return { left, top, width, height };
}

/** Where the inside of the window begins on the screen. */
export async function windowOrigin(sandbox) {
  const { left, top } = await windowBox(sandbox, "Farwire");
  return [left, top];
}

/** Where a machine's picture begins on the screen, and what of it is seen: none while it is not shown. */
export async function seenPart({ app, sandbox, name }, remote = REMOTE) {
  const [left, top] = await windowOrigin(sandbox);
  const [picture, view] = await app.script(
    (name, bar) =>
      [".picture", ".view"].map((part) => {
        const element = document.querySelector(`[role="tabpanel"][aria-label="${name}"]:not([hidden]) ${part}`);
        const { left, top, right, bottom } = element.getBoundingClientRect();
        // A surface over the page leaves the scroll bars free.
        const free = document.documentElement.dataset.graphics === "top" && element.matches(".over") ? bar : 0;
        const [x, y, toX, toY] = [left, top, right - free, bottom - free].map((edge) => edge * devicePixelRatio);
        return { left: x, top: y, right: toX, bottom: toY };
      }),
    name,
    SCROLL_BAR,
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

/**
 * How many pixels of the seen part differ from the machine's own, the box around them, and how many were compared; those in `but`
 * are left out. Where they are not seen as they are, `drawn` says what becomes of a part of one, give or take `slack`.
 */
async function different(opened, { but, remote = REMOTE, drawn = (value) => value, slack = 0, shown } = {}) {
  const covered = typeof but === "function" ? await but() : but;
  const { origin, from, to } = await seenPart(opened, remote);
  const there = shown ?? (await shownThere(opened));
  const here = await opened.display.pixels();
  const isAsDrawn = (a, b) => [0, 1, 2].every((part) => Math.abs(drawn(there[a + part], part) - here[b + part]) <= slack);
  let [found, compared] = [0, 0];
  const box = { left: Infinity, top: Infinity, right: -1, bottom: -1 };
  for (let y = from[1]; y < to[1]; y += 1) {
    for (let x = from[0]; x < to[0]; x += 1) {
      const [left, top] = [origin[0] + x, origin[1] + y];
      if (covered && left >= covered.left && left < covered.right && top >= covered.top && top < covered.bottom) continue;
      compared += 1;
      if (isAsDrawn((y * remote.width + x) * 3, (top * SCREEN_WIDTH + left) * 3)) continue;
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

/** The flat wash over the last picture of a session that is not live: its colour, and how much of it there is. */
const WASH = [0x0d, 0x11, 0x13];
const WASHED = 0xb8 / 0xff;

/** Waits until a machine's last picture is seen in its place on the screen, dimmed. */
export async function isDimmed(opened, what, atLeast, options) {
  const drawn = (value, part) => value * (1 - WASHED) + WASH[part] * WASHED;
  const measure = () => different(opened, { ...options, drawn, slack: 2 });
  await eventually(`${what}, dimmed`, measure, ({ found, compared }) => found === 0 && compared >= atLeast);
}

/** Waits until all that is seen of a window of its own is what the machine shows, pixel by pixel in the middle, below its bars. */
export async function isSameInOwnWindow(opened, title) {
  await eventually(`the picture in the window ${title}`, async () => {
    const { left, top, width, height } = await windowBox(opened.sandbox, title);
    const there = await shownThere(opened);
    const here = await opened.display.pixels();
    const x = left + Math.floor((width - REMOTE.width) / 2);
    const across = [Math.max(0, -x), Math.min(REMOTE.width, SCREEN_WIDTH - x)];
    const isRow = (row, y) => there.compare(here, (y * SCREEN_WIDTH + x + across[0]) * 3, (y * SCREEN_WIDTH + x + across[1]) * 3, (row * REMOTE.width + across[0]) * 3, (row * REMOTE.width + across[1]) * 3) === 0;
    /** How many rows from this one on are the machine's, of those that are on the screen. */
    const rows = (y) => {
      const count = Math.min(REMOTE.height, SCREEN_HEIGHT - y);
      for (let row = 0; row < count; row += 1) if (!isRow(row, y + row)) return { row, count };
      return { row: count, count };
    };
    const tries = Array.from({ length: Math.max(0, height - REMOTE.height) }, (_, down) => rows(top + down));
    const { row, count } = tries.reduce((best, one) => (one.row > best.row ? one : best), { row: 0, count: REMOTE.height });
    return { rows: row, of: count, isMuch: (across[1] - across[0]) * row > MUCH };
  }, ({ rows, of, isMuch }) => rows === of && isMuch);
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

/** The largest part of any of these pictures in the page that has about this colour: 1 is all of it. */
export const partOf = (app, selector, colour) =>
  app.script(
    (selector, [red, green, blue]) => {
      const parts = [...document.querySelectorAll(selector)].map((element) => {
        const copy = document.createElement("canvas");
        [copy.width, copy.height] = [64, 40];
        const context = copy.getContext("2d");
        context.drawImage(element, 0, 0, 64, 40);
        const { data } = context.getImageData(0, 0, 64, 40);
        let found = 0;
        for (let at = 0; at < data.length; at += 4) {
          if (Math.abs(data[at] - red) + Math.abs(data[at + 1] - green) + Math.abs(data[at + 2] - blue) < 36) found += 1;
        }
        return found / (64 * 40);
      });
      return Math.max(0, ...parts);
    },
    selector,
    colour,
  );
