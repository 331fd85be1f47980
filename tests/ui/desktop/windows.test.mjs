// Sessions in windows of their own, full screen, and the keys the desktop keeps for itself: the whole program under a window manager.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MUCH, NAME, NEEDED, openConnected as open } from "./connected.mjs";
import { eventually, skipWithout, until } from "./processes.mjs";

const skip = skipWithout(...NEEDED, "xev");

const options = { skip, timeout: 300_000 };

test("a session has a window of its own and comes back without connecting anew", options, async (t) => {
  const { sandbox, display, machine, app, session, isShown, titles, activeTitle, run } = await open(t, "windows");
  const before = (await app.request("GET", "/sessions")).body;
  const opened = machine.connections();
  const same = async (name) => {
    const { body } = await app.request("GET", "/sessions");
    assert.deepEqual(body.map((one) => [one.session_id, one.state]), [[before[0].session_id, "connected"]], name);
    await eventually(`viewers ${name}`, machine.viewers, 1);
    assert.equal(machine.connections(), opened, name);
  };
  await same("at first");
  await session.click("button", /^Move to its own window/);
  await eventually("there are two windows", titles, ["Farwire", NAME]);
  await eventually("the session's window is in front", activeTitle, NAME);
  await until("the picture is in it", isShown);
  await display.shoot("windows-1-own");
  await same("in its own window");

  // Its keyboard is the machine's.
  await display.type("printf '\\033]11;#20308C\\007'");
  await display.press("Return");
  await until("what was typed there is seen there", async () => (await display.count([0x20, 0x30, 0x8c])) > MUCH);

  // It goes full screen by itself, on the screen it is on.
  const own = await run("search", "--onlyvisible", "--name", `^${NAME}$`);
  const isFull = async () => String(await sandbox.run("xprop", ["-id", own, "_NET_WM_STATE"])).includes("FULLSCREEN");
  await display.press("ctrl+alt+Return");
  await until("the session's window is full screen", isFull);
  await display.press("ctrl+alt+Return");
  await until("the session's window is a window", async () => !(await isFull()));

  // Closed by the window manager: back as a tab of the main window.
  await display.press("alt+F4");
  await eventually("there is one window", titles, ["Farwire"]);
  await app.click("tab", NAME);
  await until("its picture is in the main window", async () => (await display.count([0x20, 0x30, 0x8c])) > MUCH);
  await same("closed");

  // And out again, and back by its button's keys.
  await session.click("button", /^Move to its own window/);
  await eventually("its window is in front again", activeTitle, NAME);
  await until("its picture is not in the main window", () => app.script(() => document.querySelector(".pane:not([hidden]) .picture") === null));
  await until("its picture is there again", async () => (await display.count([0x20, 0x30, 0x8c])) > MUCH);
  await display.press("ctrl+alt+w");
  await eventually("there is one window again", titles, ["Farwire"]);
  await until("its tab is in front", async () => (await display.count([0x20, 0x30, 0x8c])) > MUCH);
  await display.shoot("windows-2-back");
  await same("back");
});

test("closing the main window closes every other, and the program", options, async (t) => {
  const { sandbox, display, machine, session, titles, activate, run } = await open(t, "windows-close");
  await session.click("button", /^Move to its own window/);
  await eventually("there are two windows", titles, ["Farwire", NAME]);
  const id = await run("search", "--onlyvisible", "--name", "^Farwire$");
  const pid = Number(await run("getwindowpid", id));
  await activate(id);
  await display.pressUntil("the main window is closed", "alt+F4", async () => (await titles()).length === 0);
  await until("the program has ended", () => !sandbox.alive().includes(pid));
  await eventually("the machine has no viewer", machine.viewers, 0);
});

test("in full screen the machine gets the keys that the desktop would keep", options, async (t) => {
  const { sandbox, display, app, session, activeTitle, activate, run, env } = await open(t, "full-screen");
  const remote = async (...args) => String(await sandbox.run("xdotool", args, { env })).trim();
  const remoteTitle = () => remote("getactivewindow", "getwindowname").catch(() => null);
  const listener = sandbox.start("xev", ["-geometry", "700x460+20+20", "-event", "keyboard"], { env });
  const hears = (key) => new RegExp(`^KeyPress event[^]*?keysym 0x[0-9a-f]+, ${key}\\)`, "m").test(listener.said);
  await eventually("the listener is in front over there", remoteTitle, "Event Tester");
  sandbox.start("xterm", ["-title", "Other", "-geometry", "20x5+40+400"]);
  await eventually("another window is in front here", activeTitle, "Other");
  const main = await run("search", "--onlyvisible", "--name", "^Farwire$");
  const isFull = async () => String(await sandbox.run("xprop", ["-id", main, "_NET_WM_STATE"])).includes("FULLSCREEN");
  /** The picture has the keyboard. */
  const take = async () => {
    await activate(main);
    await session.click("application", `Remote screen of ${NAME}`);
  };
  const comes = (what, title) => display.pressUntil(what, "alt+Tab", async () => (await activeTitle()) === title);
  const otherHere = () => comes("the desktop changes windows here", "Other");
  /** Alt+Tab goes to the machine, whose own desktop changes windows, and nothing moves here. */
  const changesThere = async () => {
    const before = await remoteTitle();
    await display.press("alt+Tab");
    await eventually("the desktop over there changes windows", remoteTitle, (now) => now !== before);
    assert.equal(await activeTitle(), "Farwire");
  };
  const told = () => app.element("status", /All keys go to press-04/);
  const isBarSeen = () => app.script(`() => document.querySelector('[role="toolbar"]').checkVisibility({ visibilityProperty: true })`);
  /** Lets the page note whether the toolbar is in sight at first: it is for a moment only. */
  const noteBar = () =>
    app.script(`() => {
      window.wasBarSeen = false;
      const look = () => {
        window.wasBarSeen = document.querySelector('.pane.full [role="toolbar"]')?.checkVisibility({ visibilityProperty: true }) ?? false;
        if (!window.wasBarSeen) requestAnimationFrame(look);
      };
      look();
    }`);

  await take();
  await display.press("x");
  await until("keys arrive at the machine", () => hears("x"));
  // In its window the desktop keeps its own.
  await otherHere();

  await take();
  await noteBar();
  await display.press("ctrl+alt+Return");
  await until("the window is full screen", isFull);
  await told();
  await display.shoot("full-screen-1-entry");
  await eventually("the toolbar is there at first", () => app.script("() => window.wasBarSeen"), true);
  await eventually("the toolbar has gone by itself", isBarSeen, false);
  await changesThere();
  await changesThere();

  // The way out without leaving: the desktop has its keys again, and the machine hears nothing of what is typed elsewhere.
  await display.press("ctrl+alt+g");
  await otherHere();
  await display.type("y");
  await take();
  // A real pointer at the edge brings it back for as long as it stays there.
  await run("mousemove", "600", "0");
  await eventually("the toolbar is there", isBarSeen, true);
  await display.shoot("full-screen-2-bar");
  await run("mousemove", "600", "500");
  await eventually("it is gone", isBarSeen, false);
  assert.equal(await isFull(), true);
  assert.equal(hears("y"), false);
  await changesThere();
  await changesThere();

  // Another window that comes to the front has the keyboard, whoever brought it there.
  await activate(await run("search", "--onlyvisible", "--name", "^Other$"));
  await comes("the desktop has its keys for another window", "Farwire");

  await take();
  await remote("search", "--onlyvisible", "--name", "^Event Tester$", "windowactivate");
  await eventually("the listener is in front over there", remoteTitle, "Event Tester");
  await display.pressUntil("the machine's window is closed by its own keys", "alt+F4", async () => (await remoteTitle()) !== "Event Tester");
  assert.equal(await activeTitle(), "Farwire");
  await display.shoot("full-screen-3-keys");
  await display.press("ctrl+alt+Return");
  await until("the window is a window", async () => !(await isFull()));
  await otherHere();
  await display.shoot("full-screen-4-left");
});
