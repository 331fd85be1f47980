// A second start: the program that runs comes forward, wherever it is, and the second one ends.
import assert from "node:assert/strict";
import { test } from "node:test";
import { NAME, NEEDED, openConnected } from "./connected.mjs";
import { PROGRAM } from "./driver.mjs";
import { startBus } from "./keystore.mjs";
import { skipWithout, until } from "./processes.mjs";

const options = { skip: skipWithout(...NEEDED, "dbus-daemon"), timeout: 180_000 };

test("a second start brings the main window in front of all others", options, async (t) => {
  const { sandbox, display, session, titles, activeTitle, run } = await openConnected(t, "second", async (sandbox) => {
    delete sandbox.env.FARWIRE_DATA_DIR;
    await startBus(sandbox);
  });
  const again = async (what, ...args) => {
    const second = sandbox.start(PROGRAM, args);
    assert.equal(await second.ended, 0, `${what}: ${second.said}`);
    await until(`the main window is in front: ${what}`, async () => (await activeTitle()) === "Farwire");
  };
  const main = await run("search", "--onlyvisible", "--name", "^Farwire$");
  await session.click("button", /^Move to its own window/);
  await until("the session's window is in front", async () => (await activeTitle()) === NAME);
  await again("behind a session's window");
  const own = await run("search", "--onlyvisible", "--name", `^${NAME}$`);
  await run("windowactivate", "--sync", own);
  await run("windowminimize", main);
  await until("the main window is out of sight", async () => (await titles()).join() === NAME);
  await again("minimised, with arguments", "vnc://127.0.0.1:5999", "--anything");
  await display.shoot("second-1-minimised");

  await run("set_desktop", "1");
  await until("the other desktop is empty", async () => (await titles()).length === 0);
  await again("on another desktop");

  sandbox.start("xterm", ["-title", "Other", "-geometry", "20x5+40+400"]);
  await until("another program is in front", async () => (await activeTitle()) === "Other");
  await again("behind another program");
  // It alone came here.
  assert.deepEqual(await titles(), ["Farwire"]);
  await run("set_desktop", "0");
  await until("the session's window is where it was", async () => (await titles()).join() === NAME);
});
