// What the program tells of itself: the page that a person copies from for a bug report.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openDisplay } from "./display.mjs";
import { openApp } from "./driver.mjs";
import { eventually, Sandbox, skipWithout, until } from "./processes.mjs";

const skip = skipWithout("Xvfb", "openbox", "import", "xdotool", "xprop", "xclip", "WebKitWebDriver");

test("the page about the program has what a bug report needs, and every licence", { skip, timeout: 300_000 }, async (t) => {
  const sandbox = new Sandbox();
  t.after(() => sandbox.close());
  const display = await openDisplay(sandbox);
  const app = await openApp(sandbox);
  await app.click("button", "Settings");
  await app.click("button", "About");
  await app.element("heading", "Farwire");
  const text = () => app.script(`() => document.querySelector("main").innerText`);
  await eventually("the data folder is told", text, (told) => told.includes(sandbox.env.FARWIRE_DATA_DIR));
  await eventually("the graphics are told", text, /Graphics\s+(In memory|By the graphics device)/);

  await app.click("button", "Copy for a bug report");
  const copied = async () => String(await sandbox.run("xclip", ["-selection", "clipboard", "-out"]).catch(() => ""));
  const report = await until("the report is on the clipboard", copied);
  for (const line of [/^Farwire\n/, /\nVersion: \d+\.\d+\.\d+\n/, /\nGraphics: /, /\nWebKitGTK: 2\.\d+/, /\nSystem: \S/, /\nData folder: \//]) assert.match(report, line);

  await app.click("button", "Show licences");
  const packages = () => app.script(`() => document.querySelectorAll(".package").length`);
  await eventually("the packages are listed", packages, (count) => count > 300);
  await app.fill("Filter by name or licence", "tauri");
  await eventually("the list is shorter", packages, (count) => count < 40);
  await app.click("button", /^tauri\s*2\./);
  await eventually("its text is there", text, /Permission is hereby granted/);
  await display.shoot("about");
});
