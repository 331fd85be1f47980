// The clipboard of the real window: texts go both ways, whatever the programs here call theirs.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Keys } from "../browser/keys.mjs";
import { NAME, NEEDED, openConnected } from "./connected.mjs";
import { eventually, skipWithout, until } from "./processes.mjs";

const options = { skip: skipWithout(...NEEDED, "xclip", "setxkbmap"), timeout: 300_000 };
/** How programs offer texts; `null` is xclip's own way, `UTF8_STRING` beside `STRING`. */
const WAYS = [null, "UTF8_STRING", "STRING", "text/plain", "text/plain;charset=utf-8"];

/** A machine on the screen, and a program here that copies. */
async function openClipboard(t, shot) {
  const opened = await openConnected(t, shot);
  const { sandbox, app, env } = opened;
  const read = async (options) => String(await sandbox.run("xclip", ["-selection", "clipboard", "-out"], options).catch(() => ""));
  const offer = (text, target, options) => {
    const form = target ? ["-target", target] : [];
    const program = sandbox.start("xclip", ["-quiet", "-selection", "clipboard", ...form, "-in"], { hasInput: true, ...options });
    program.child.stdin.end(text);
  };
  /** Copies a text here, as a program that offers it in one form alone. */
  const copy = async (text, target = null) => {
    offer(text, target);
    const form = target ? ["-target", target] : [];
    const out = async () => String(await sandbox.run("xclip", ["-selection", "clipboard", "-out", ...form]).catch(() => ""));
    await eventually(`“${text}” is on the clipboard`, out, text);
  };
  /** What the page has told the person last. */
  const told = () => app.script(() => [...document.querySelectorAll(".toast")].map((one) => one.textContent.trim()));
  return {
    ...opened,
    copy,
    copyThere: (text) => offer(text, null, { env }),
    here: () => read(),
    there: () => read({ env }),
    told,
    isTold: (pattern) => until(`the person is told ${pattern}`, async () => (await told()).some((one) => pattern.test(one))),
  };
}

test("text goes both ways by itself, and when a person asks for it", options, async (t) => {
  const { app, session, display, run, activate, sandbox, copy, copyThere, here, there, isTold } = await openClipboard(t, "clipboard");
  copyThere("von drüben ½");
  await eventually("what was copied there is here", here, "von drüben ½");

  // In every form that programs offer it in, as soon as a person turns to the picture.
  const farwire = await run("search", "--onlyvisible", "--name", "^Farwire$");
  sandbox.start("xterm", ["-title", "Other", "-geometry", "20x5+40+400"]);
  const other = await until("another window is there", () => run("search", "--onlyvisible", "--name", "^Other$").catch(() => ""));
  await session.click("application", `Remote screen of ${NAME}`);
  for (const [at, way] of WAYS.entries()) {
    await activate(other);
    const text = way === "STRING" ? `from here ${at}` : `from here ${at} ½`;
    await copy(text, way);
    await activate(farwire);
    await eventually(`what was copied as ${way} is there`, there, text);
  }

  // While the picture keeps the keyboard, by the menu.
  await copy("asked for");
  await session.click("button", /^Clipboard/);
  await display.shoot("clipboard-menu");
  await app.click("menuitem", "Send this computer’s clipboard");
  await eventually("what was asked for is there", there, "asked for");
  await session.click("button", /^Clipboard/);
  await app.click("menuitem", "Send this computer’s clipboard");
  await isTold(/has this text already/);
});

test("the clipboard is typed as keys, and an empty one is told of", options, async (t) => {
  const { app, session, sandbox, display, env, copy, there, isTold } = await openClipboard(t, "clipboard-type");
  const keys = new Keys(sandbox);
  await session.click("application", `Remote screen of ${NAME}`);
  await session.click("button", /^Keys/);
  await app.click("menuitem", /^Type clipboard/);
  await isTold(/no text on this computer’s clipboard to type/);
  await session.click("button", /^Clipboard/);
  await app.click("menuitem", "Send this computer’s clipboard");
  await isTold(/nothing on this computer’s clipboard to send/);

  await keys.layout("us");
  await new Keys(sandbox, env).layout("us");
  await session.click("application", `Remote screen of ${NAME}`);
  await keys.press("KeyC KeyA KeyT Space ShiftLeft+Period Space KeyT KeyY KeyP KeyE KeyD Enter");
  const file = join(sandbox.home, "typed");
  await until("the remote shell writes what is typed", () => existsSync(file));
  const lines = () => readFileSync(file, "utf8").split("\n").slice(0, -1);
  for (const [at, way] of WAYS.entries()) {
    await copy(`line ${at}`, way);
    await display.press("ctrl+alt+v");
    // Nothing else says that the keys have arrived.
    await until(`what was copied as ${way} is typed`, async () => {
      await keys.press("Enter");
      return lines().includes(`line ${at}`);
    });
  }

  // Ctrl+V over the picture brings the text along, also where WebKit has none for it.
  await copy("pasted", "UTF8_STRING");
  await display.press("ctrl+v");
  await eventually("what was pasted is there", there, "pasted");
  assert.equal(await app.script(() => document.querySelectorAll("[role=alert]").length), 0);
});
