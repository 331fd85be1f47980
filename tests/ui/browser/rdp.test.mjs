// Machines that are reached over RDP: their settings, and a session.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { startMachine, TERMINAL_COLOUR } from "../desktop/machine.mjs";
import { eventually } from "../desktop/processes.mjs";
import { openPage, shoot, skip } from "./page.mjs";
import { countPixels, pointAt } from "./screen.mjs";
import { PASSWORD, skipWithoutShadow, startShadow } from "./shadow.mjs";

test("what is set for an RDP machine is saved, and what is usual is not", { skip, timeout: 300_000 }, async (t) => {
  const { page, farwired } = await openPage(t);
  const uid = await farwired.save("office-07", { protocol: "RDP", port: 3389 });
  const settings = async () => (await farwired.call("GET", `/connection/${uid}`)).settings;
  await page.getByRole("row", { name: /office-07/ }).click();
  const details = page.getByRole("complementary", { name: "Details" });
  await details.getByRole("tab", { name: "Display" }).click();
  const resize = details.getByRole("switch", { name: "Resize to the window" });
  await eventually("it takes the size of its tab", () => resize.isChecked(), true);
  await resize.click();
  await eventually("that is switched off", settings, { "rdp.resize": false });
  await resize.click();
  await eventually("what is usual needs no word", settings, {});

  await details.getByLabel("Security", { exact: true }).click();
  await page.getByRole("option", { name: "NLA only" }).click();
  await eventually("the security is kept", settings, { "rdp.security": "nla" });
  await details.getByRole("textbox", { name: "Width" }).fill("1280");
  await details.getByRole("textbox", { name: "Height" }).fill("800");
  await details.getByRole("textbox", { name: "Height" }).blur();
  await eventually("the size is kept", settings, { "rdp.height": 800, "rdp.security": "nla", "rdp.width": 1280 });
  await eventually("a size of its own stays", () => resize.isChecked(), false);
  await shoot(page, "rdp-settings");
  await details.getByRole("textbox", { name: "Width" }).fill("");
  await details.getByRole("textbox", { name: "Width" }).blur();
  await eventually("an empty side is none", async () => (await settings())["rdp.width"] === undefined, true);
  assert.equal((await settings())["rdp.height"], 800);
});

/** How far a colour may be off: what this server sends is not exact. */
const OFF = 12;

/** FreeRDP's server over the desktop of a machine, with an account of its own. */
/** Types as a person does, with the Shift key where it takes one: what is sent are keys, not characters. */
async function typeByKeys(page, text) {
  for (const letter of text) {
    if (/[A-Z]/.test(letter)) await page.keyboard.press(`Shift+Key${letter}`);
    else if (letter === ">") await page.keyboard.press("Shift+Period");
    else await page.keyboard.type(letter);
  }
}

test("an RDP machine is trusted, signed in to, seen, and takes what is typed", { skip: skipWithoutShadow, timeout: 300_000 }, async (t) => {
  const { page, sandbox, farwired } = await openPage(t);
  await startMachine(sandbox);
  const port = await startShadow(sandbox);
  await farwired.save("office-07", { protocol: "RDP", port });
  await page.getByRole("row", { name: /office-07/ }).dblclick();
  const trust = page.getByRole("button", { name: "Trust and connect" });
  await trust.waitFor();
  await shoot(page, "rdp-trust", { schemes: ["light"] });
  await trust.click();

  const session = page.getByRole("tabpanel", { name: "office-07" });
  await session.getByRole("heading", { name: "office-07 asks you to sign in" }).waitFor();
  await session.getByLabel(/^User/).fill("alice");
  await session.getByLabel("Password").fill("not this one");
  await shoot(page, "rdp-sign-in", { schemes: ["light"] });
  await session.getByRole("button", { name: "Connect" }).click();
  // This server closes without a word; a connection without a password was told other words before.
  await eventually("what is said", () => session.getByRole("alert").textContent(), /most likely wrong/);
  await eventually("the account need not be typed again", () => session.getByLabel(/^User/).inputValue(), "alice");
  await session.getByLabel("Password").fill(PASSWORD);
  await session.getByRole("button", { name: "Connect" }).click();
  await eventually("the remote terminal is drawn", () => countPixels(page, "office-07", TERMINAL_COLOUR, OFF), (count) => count > 100_000);

  const proof = join(sandbox.home, "typed");
  await page.mouse.click(...(await pointAt(page, "office-07", 300, 300)));
  await typeByKeys(page, `echo RDP ok >${proof}`);
  await page.keyboard.press("Enter");
  await eventually("what was typed was done over there", () => existsSync(proof) && readFileSync(proof, "utf8"), "RDP ok\n");
  await shoot(page, "rdp-session");

  const badge = session.getByRole("button", { name: "Session details" });
  await eventually("the badge tells the codec", () => badge.textContent(), /H\.264/);
  await page.getByRole("tab", { name: "Machines" }).click();
  await page.getByRole("row", { name: /office-07/ }).click();
  const details = page.getByRole("complementary", { name: "Details" });
  await details.getByRole("tab", { name: "Display" }).click();
  await details.getByLabel("Codec", { exact: true }).click();
  await page.getByRole("option", { name: "Bitmaps, exact" }).click();
  await shoot(page, "rdp-choose-codec", { schemes: ["light"] });
  await page.getByRole("tab", { name: "office-07" }).click();
  await eventually("the machine sends what was chosen", () => badge.textContent(), /Bitmaps/);
  await eventually("the remote terminal is drawn anew", () => countPixels(page, "office-07", TERMINAL_COLOUR, OFF), (count) => count > 100_000);
  await shoot(page, "rdp-codec");
});
