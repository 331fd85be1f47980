// A second start: the program that runs comes forward, wherever it is, and the second one ends.
import assert from "node:assert/strict";
import { test } from "node:test";
import { NAME, NEEDED, openConnected } from "./connected.mjs";
import { PROGRAM } from "./driver.mjs";
import { startBus } from "./keystore.mjs";
import { eventually, skipWithout } from "./processes.mjs";

const options = { skip: skipWithout(...NEEDED, "dbus-daemon"), timeout: 300_000 };

test("a second start brings the main window in front of all others", options, async (t) => {
  const { sandbox, display, session, titles, activeTitle, activate, run } = await openConnected(t, "second", async (sandbox) => {
    delete sandbox.env.FARWIRE_DATA_DIR;
    await startBus(sandbox);
  });
  const again = async (what, ...args) => {
    const second = sandbox.start(PROGRAM, args);
    assert.equal(await second.ended, 0, `${what}: ${second.said}`);
    await eventually(`the main window is in front: ${what}`, activeTitle, "Farwire");
  };
  const main = await run("search", "--onlyvisible", "--name", "^Farwire$");
  await session.click("button", /^Move to its own window/);
  await eventually("the session's window is in front", activeTitle, NAME);
  await again("behind a session's window");
  const own = await run("search", "--onlyvisible", "--name", `^${NAME}$`);
  await activate(own);
  await run("windowminimize", main);
  await eventually("the main window is out of sight", titles, [NAME]);
  await again("minimised, with arguments", "vnc://127.0.0.1:5999", "--anything");
  await display.shoot("second-1-minimised");

  await run("set_desktop", "1");
  await eventually("the other desktop is empty", titles, []);
  await again("on another desktop");

  sandbox.start("xterm", ["-title", "Other", "-geometry", "20x5+40+400"]);
  await eventually("another program is in front", activeTitle, "Other");
  await again("behind another program");
  // It alone came here.
  await eventually("the windows that are seen", titles, ["Farwire"]);
  await run("set_desktop", "0");
  await eventually("the session's window is where it was", titles, [NAME]);
});
