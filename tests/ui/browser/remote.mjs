// A saved machine whose screen is open on the page, and what is going on over there.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startMachine, TERMINAL_COLOUR } from "../desktop/machine.mjs";
import { eventually, until } from "../desktop/processes.mjs";
import { openLink } from "./link.mjs";
import { openPage } from "./page.mjs";
import { countPixels } from "./screen.mjs";

export const NAME = "press-04";
/** The terminal fills at least so many pixels of the screen. */
export const MUCH = 100_000;

/** Opens the page and a saved machine, and waits for its picture; `server` is more options for its VNC server. */
export async function openSession(t, fields = {}, { server, ...look } = {}) {
  const opened = await openPage(t, look);
  const machine = await startMachine(opened.sandbox, server);
  const link = await openLink(t, machine.port);
  await opened.farwired.save(NAME, { port: link.port, password: machine.password, ...fields });
  await opened.page.getByRole("row", { name: new RegExp(NAME) }).dblclick();
  await seen(opened.page);
  const [session] = await opened.farwired.call("GET", "/sessions");
  const folder = join(opened.sandbox.home, "machine");
  const env = { DISPLAY: `:${readFileSync(join(folder, "display"), "utf8").trim()}`, XAUTHORITY: join(folder, "xauth") };
  return { ...opened, machine, link, session, env };
}

export async function seen(page) {
  await until("the remote terminal is drawn", async () => (await countPixels(page, NAME, TERMINAL_COLOUR)) > MUCH);
}

/** Runs a program on the remote screen and returns what it prints. */
export async function inRemote({ sandbox, env }, command, ...args) {
  return String(await sandbox.run(command, args, { env })).trim();
}

/** Covers the remote screen with a window that tells every key and button that arrives there. */
export async function openListener({ sandbox, env }) {
  const program = sandbox.start("xev", ["-geometry", "800x560+0+0", "-event", "keyboard", "-event", "button"], { env });
  // Not as soon as it is mapped: what comes before the window manager has given it its frame goes to whatever lies below.
  const active = () => sandbox.run("xdotool", ["getactivewindow", "getwindowname"], { env });
  await until("the listener is in front", async () => String(await active()).trim() === "Event Tester");
  const heard = () => {
    const events = program.said.matchAll(/^(Key|Button)(Press|Release) event[^]*?(?:keysym 0x[0-9a-f]+, (\w+)\)|, button (\d+),)/gm);
    return [...events].map(([, , way, keysym, button]) => (way === "Press" ? "+" : "-") + (keysym ?? button));
  };
  return {
    /** What arrived: `+a` and `-a` for keys, `+1` and `-1` for buttons. */
    heard,
    /** Waits until this and nothing else has arrived after so much before it. */
    hears: async (wanted, before = 0) => {
      await eventually(`${wanted} arrives`, () => heard().slice(before).join(), wanted);
    },
    end: () => sandbox.end(program),
  };
}

/** The keys that are down on the remote keyboard, by number: X tells a window that gets the keyboard. */
export async function keysDown({ sandbox, env }) {
  const program = sandbox.start("xev", ["-geometry", "100x100+0+0", "-event", "keyboard", "-event", "focus"], { env });
  const told = () => [...program.said.matchAll(/^KeymapNotify event[^]*?keys: +([\d \n]+)/gm)].at(-1);
  const [, text] = await until("X tells the keys that are down", told);
  await sandbox.end(program);
  // The first byte is never sent: no key has a number below 8.
  const bytes = text.trim().split(/\s+/).map(Number).with(0, 0);
  return bytes.flatMap((byte, at) => [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (byte >> bit) & 1).map((bit) => at * 8 + bit));
}

/** Waits until no key is down on the remote keyboard. */
export async function noKeyIsDown(opened) {
  await eventually("no key is down over there", () => keysDown(opened), []);
}

/** Which locks of the remote keyboard are on. */
export async function locksOf(opened) {
  const text = await inRemote(opened, "xset", "q");
  const isOn = (name) => new RegExp(`${name}:\\s+on`).test(text);
  return { caps: isOn("Caps Lock"), num: isOn("Num Lock") };
}
