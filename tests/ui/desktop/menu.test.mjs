// The window's own menu, drawn by the toolkit: real keys and a real pointer on it, and a machine that must not lose its keys to it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { NAME, NEEDED, openConnected } from "./connected.mjs";
import { eventually, skipWithout, until } from "./processes.mjs";

const options = { skip: skipWithout(...NEEDED, "xev"), timeout: 300_000 };

test("the menu does what the page does, and takes no key from a machine", options, async (t) => {
  const { sandbox, display, machine, app, session, run, env } = await openConnected(t, "menu");
  const menus = async () => {
    const ids = (await run("search", "--onlyvisible", "--class", "farwire").catch(() => "")).split("\n").filter(Boolean);
    const types = await Promise.all(ids.map((id) => sandbox.run("xprop", ["-id", id, "_NET_WM_WINDOW_TYPE"]).then(String, () => "")));
    return types.filter((type) => type.includes("_MENU")).length;
  };
  const opens = (count = 1) => eventually("menus are open", menus, count);
  const closed = () => eventually("no menu is open", menus, 0);
  const count = async () => (await app.request("GET", "/sessions")).body.length;
  const hasSidebar = () => app.script(`() => document.querySelector(".sidebar") !== null`);

  // Over the picture all keys are the machine's, also after the menu was there.
  const listener = sandbox.start("xev", ["-geometry", "700x460+20+20", "-event", "keyboard"], { env });
  const heard = (key) => listener.said.match(new RegExp(`^KeyPress event[^]*?keysym 0x[0-9a-f]+, ${key}\\)`, "gm"))?.length ?? 0;
  await until("the listener is in front over there", async () => String(await sandbox.run("xdotool", ["getactivewindow", "getwindowname"], { env }).catch(() => "")).trim() === "Event Tester");
  const goesThere = async (key, name) => {
    const before = heard(name);
    await display.press(key);
    await until(`${key} arrives at the machine`, () => heard(name) > before);
    assert.deepEqual([await menus(), await count()], [0, 1], key);
  };
  const allGoThere = async () => {
    await session.click("application", `Remote screen of ${NAME}`);
    for (const [key, name] of [["ctrl+w", "w"], ["ctrl+b", "b"], ["F10", "F10"], ["Alt_L", "Alt_L"], ["ctrl+n", "n"]]) await goesThere(key, name);
  };
  await allGoThere();
  await app.click("button", "Main menu");
  await opens();
  await display.press("Escape");
  await closed();
  await allGoThere();

  // The Session menu is for the machine in front.
  await app.click("button", "Main menu");
  await opens();
  await display.press("Down", "Down", "Down", "Down", "Right");
  await opens(2);
  await display.shoot("menu-1-session");
  await display.press("Escape", "Escape");
  await closed();

  // F10 among the machines: the first line is marked. View, Show sidebar.
  await app.click("tab", "Machines");
  await eventually("the sidebar is there", hasSidebar, true);
  await display.press("F10");
  await opens();
  await display.press("Down", "Down", "Right");
  await opens(2);
  await display.shoot("menu-2-view");
  await display.press("Down", "Down", "Return");
  await closed();
  await eventually("the sidebar is gone", hasSidebar, false);
  // Its own shortcut brings it back.
  await display.press("ctrl+b");
  await eventually("the sidebar is back", hasSidebar, true);

  // Alt alone opens it too; with another key it does not.
  await display.press("Alt_L");
  await opens();
  await display.press("Escape");
  await closed();
  await display.press("alt+x");
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(await menus(), 0);

  // Session, Disconnect: the last line, for the machine in front.
  await app.click("tab", NAME);
  await app.click("button", "Main menu");
  await opens();
  await display.press("Down", "Down", "Down", "Down", "Right");
  await opens(2);
  await display.press("End", "Return");
  await eventually("the session has ended", count, 0);
  await eventually("the machine has no viewer", machine.viewers, 0);

  // File, Quit, by the pointer: the last line of the first menu.
  const pid = Number(await run("search", "--onlyvisible", "--name", "^Farwire$", "getwindowpid"));
  await display.press("F10");
  await opens();
  await display.press("Right");
  await opens(2);
  await display.shoot("menu-3-file");
  await display.press("End", "Return");
  await until("the program has ended", () => !sandbox.alive().includes(pid));
});
