// Files of Windows' own client by command line, as a double click starts the program: at the first start, and while it runs.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openDisplay } from "./display.mjs";
import { openApp, PROGRAM } from "./driver.mjs";
import { startBus } from "./keystore.mjs";
import { eventually, Sandbox, skipWithout } from "./processes.mjs";

const skip = skipWithout("Xvfb", "openbox", "import", "xdotool", "xprop", "dbus-daemon", "WebKitWebDriver");

test("files fill quick connect and are connected to by Enter alone", { skip, timeout: 300_000 }, async (t) => {
  const sandbox = new Sandbox();
  let display;
  t.after(async () => {
    await display?.shoot("opened-end").catch((error) => t.diagnostic(String(error)));
    await sandbox.close();
  });
  display = await openDisplay(sandbox);
  // Only a program with the user's own folder hears of a second start.
  delete sandbox.env.FARWIRE_DATA_DIR;
  await startBus(sandbox);
  const file = (name, lines) => {
    const path = join(sandbox.home, name);
    writeFileSync(path, lines.join("\r\n"));
    return path;
  };
  const first = file("First.rdp", ["full address:s:10.0.0.7:3390", "username:s:alice", "redirectprinters:i:1"]);
  const third = file("Third.rdp", ["full address:s:10.0.0.9"]);
  const app = await openApp(sandbox, [first, third]);
  const typed = () => app.script(`() => document.querySelector("[role=combobox]")?.value ?? null`);
  const asks = app.inside("region", "The file asks for");
  await app.element("region", "The file asks for");
  await eventually("the address of the first file", typed, "rdp://alice@10.0.0.7:3390");
  assert.match(await asks.script(`() => document.querySelector("section.asks").textContent`), /Printers of this computer/);
  const waiting = () => asks.script(`() => document.querySelector("section.asks [role=status]")?.textContent ?? null`);
  await eventually("the other file waits", waiting, "1 more file comes after this one.");
  await display.shoot("opened-1-first");

  const second = sandbox.start(PROGRAM, [file("Second.RDP", ["full address:s:10.0.0.8"])]);
  assert.equal(await second.ended, 0, second.said);
  await eventually("that of the second start, too", waiting, "2 more files come after this one.");
  const hasFocus = () => app.script(`() => document.hasFocus() && document.activeElement?.role === "combobox"`);
  for (const [address, left] of [["rdp://10.0.0.9", "1 more file comes after this one."], ["rdp://10.0.0.8", null]]) {
    await eventually("the keys go to the command bar", hasFocus, true);
    await display.press("Escape");
    await eventually("the address of the next file", typed, address);
    await eventually("how many are left", waiting, left);
  }
  await display.shoot("opened-2-last");
  const missing = sandbox.start(PROGRAM, [join(sandbox.home, "missing.rdp")]);
  assert.equal(await missing.ended, 0, missing.said);
  await eventually("that it cannot be read is told", () => app.script(`() => document.body.textContent`), /Not opened: could not read .*missing\.rdp/);
  const saved = await app.request("GET", "/connections");
  assert.deepEqual(saved, { status: 200, body: [] }, "nothing was saved");
});
