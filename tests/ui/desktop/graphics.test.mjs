// How the program comes to show pictures the way it does: what it finds when it starts, what a person chose, and what it says.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { MUCH, NAME, NEEDED, openConnected } from "./connected.mjs";
import { openDisplay } from "./display.mjs";
import { openApp } from "./driver.mjs";
import { TERMINAL_COLOUR } from "./machine.mjs";
import { isSame, pointAt, showExactly, wayOf } from "./pictures.mjs";
import { eventually, Sandbox, skipWithout, until } from "./processes.mjs";

const skip = skipWithout(...NEEDED, "xwininfo", "xclip");
const OVER = "On the desktop's own surface, over the page";
const UNDER = "On the desktop's own surface, under the page";
const BY_PAGE = "Drawn by the page";

/** What the page about the program says of remote screens: how they are shown, and why. */
async function told(app) {
  await app.click("button", "Settings");
  await app.click("button", "About");
  const rows = () => app.script(() => Object.fromEntries([...document.querySelectorAll("dl .set")].map((row) => [row.querySelector("dt").textContent, row.querySelector("dd").textContent])));
  const { "Remote screens": how, Because: why } = await until("it says why", async () => {
    const all = await rows();
    return all.Because && all;
  });
  return { how, why };
}

const OFF = { WEBKIT_DISABLE_DMABUF_RENDERER: "1" };
const ON = { WEBKIT_DISABLE_DMABUF_RENDERER: "0" };
// WebKit then draws without layers, and hides what is under it.
const ON_BUT_FLAT = { ...ON, WEBKIT_DISABLE_COMPOSITING_MODE: "1" };

for (const [what, chosen, env, way, how, reason] of [
  ["no DMABUF", "auto", OFF, "top", OVER, /; DMABUF off, so the page hides what lies under it; chosen: Automatic$/],
  ["no DMABUF, native", "native", OFF, "top", OVER, /; DMABUF off, so the page hides what lies under it; chosen: Native$/],
  ["a transparent page", "auto", ON, "under", UNDER, /; DMABUF on; the page shows what lies under it; chosen: Automatic$/],
  ["a transparent page, native", "native", ON, "under", UNDER, /; DMABUF on; the page shows what lies under it; chosen: Native$/],
  ["a page that hides", "auto", ON_BUT_FLAT, "top", OVER, /; DMABUF on; the page hides what lies under it; chosen: Automatic$/],
  ["safe", "safe", {}, "canvas", BY_PAGE, /; DMABUF off, so the page hides what lies under it; chosen: Safe$/],
]) {
  test(`pictures are shown as the page allows and a person chose, and the program says so: ${what}`, { skip, timeout: 300_000 }, async (t) => {
    const opened = await openConnected(t, `graphics-${way}`, (sandbox) => {
      Object.assign(sandbox.env, env);
      mkdirSync(sandbox.env.FARWIRE_DATA_DIR, { mode: 0o700 });
      writeFileSync(join(sandbox.env.FARWIRE_DATA_DIR, "graphics"), chosen);
    });
    const { app, sandbox, display } = opened;
    await eventually("the way it chose", () => wayOf(app), way);
    await showExactly(opened, NAME);
    await pointAt({ ...opened, name: NAME });
    await isSame({ ...opened, name: NAME }, "the picture", MUCH);
    await app.click("tab", "Machines");
    await eventually("the picture is gone", () => display.count(TERMINAL_COLOUR), (count) => count < MUCH / 10);
    const { how: said, why } = await told(app);
    assert.equal(said, how);
    assert.match(why, reason);
    assert.match(why, /^(no graphics device|graphics device renderD\d+);/);
    await display.shoot(`graphics-${what.replaceAll(/\W+/g, "-")}`);
    await app.click("button", "Copy for a bug report");
    const copied = async () => String(await sandbox.run("xclip", ["-selection", "clipboard", "-out"]).catch(() => ""));
    const report = await until("the report is on the clipboard", copied);
    assert.ok(report.includes(`\nRemote screens: ${how}\nBecause: ${why}\n`), report);
  });
}

test("what is chosen in the settings holds from the next start on", { skip, timeout: 600_000 }, async (t) => {
  const sandbox = new Sandbox();
  t.after(() => sandbox.close());
  await openDisplay(sandbox);
  let app = await openApp(sandbox);
  const first = await told(app);
  assert.match(first.why, /chosen: Automatic$/);
  const seen = {};
  for (const choice of ["Safe", "Native", "Automatic"]) {
    await app.click("button", "Appearance");
    await app.click("radio", choice);
    const word = { Safe: "safe", Native: "native", Automatic: "auto" }[choice];
    await eventually("the choice is left for the next start", () => readFileSync(join(sandbox.env.FARWIRE_DATA_DIR, "graphics"), "utf8"), word);
    // Not before: this run goes on as it began.
    await app.click("button", "About");
    assert.deepEqual(await told(app), seen.last ?? first);
    await app.close();
    app = await openApp(sandbox);
    seen.last = seen[choice] = await told(app);
    assert.match(seen.last.why, new RegExp(`chosen: ${choice}$`));
  }
  assert.equal(seen.Safe.how, BY_PAGE);
  assert.equal(await wayOf(app), seen.Automatic.how === UNDER ? "under" : "top");
  // Under X both are the same.
  assert.equal(seen.Native.how, seen.Automatic.how);
  assert.deepEqual(seen.Automatic, first);
});
