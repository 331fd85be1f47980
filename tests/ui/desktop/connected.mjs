// The whole program with a machine on its screen.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openDisplay } from "./display.mjs";
import { openApp } from "./driver.mjs";
import { startMachine, TERMINAL_COLOUR } from "./machine.mjs";
import { eventually, Sandbox, until } from "./processes.mjs";

/** The remote terminal fills at least so many pixels of the screen. */
export const MUCH = 100_000;
/** What the machine is called. */
export const NAME = "press-04";
export const NEEDED = ["Xvfb", "openbox", "import", "xdotool", "xprop", "Xvnc", "vncpasswd", "xterm", "xauth", "WebKitWebDriver"];

/** Opens the program with a machine on its screen. `prepare` is done between the screen and the program. */
export async function openConnected(t, shot, prepare = async () => {}) {
  const sandbox = new Sandbox();
  let display;
  t.after(async () => {
    await display?.shoot(`${shot}-end`).catch((error) => t.diagnostic(String(error)));
    await sandbox.close();
  });
  display = await openDisplay(sandbox);
  await prepare(sandbox);
  const machine = await startMachine(sandbox);
  const app = await openApp(sandbox);
  await app.click("button", /^Add a machine/);
  const form = app.inside("form", "New machine");
  await form.fill("Address", `vnc://127.0.0.1:${machine.port}`);
  await form.fill("Name", NAME);
  await form.click("button", "Add and connect");
  const session = app.inside("tabpanel", NAME);
  await session.fill("Password", machine.password);
  await session.click("button", "Connect");
  const isShown = async () => (await display.count(TERMINAL_COLOUR)) > MUCH;
  await until("the remote terminal is on the screen", isShown);
  const run = async (...args) => String(await sandbox.run("xdotool", args)).trim();
  const titles = async () => {
    const ids = (await run("search", "--onlyvisible", "--class", "farwire").catch(() => "")).split("\n").filter(Boolean);
    const names = await Promise.all(ids.map((id) => run("getwindowname", id).catch(() => "")));
    return names.filter((name) => name !== "").sort();
  };
  const activeTitle = () => run("getactivewindow", "getwindowname").catch(() => null);
  /** Brings a window to the front. Not with `--sync`, which waits for ever where the window is gone meanwhile. */
  const activate = async (id) => {
    await eventually(`window ${id} is in front`, async () => {
      if ((await run("getactivewindow").catch(() => "")) !== id) await run("windowactivate", id);
      return await run("getactivewindow");
    }, id);
  };
  const env = { DISPLAY: `:${readFileSync(join(sandbox.home, "machine/display"), "utf8").trim()}`, XAUTHORITY: join(sandbox.home, "machine/xauth") };
  return { sandbox, display, machine, app, session, isShown, titles, activeTitle, activate, run, env };
}
