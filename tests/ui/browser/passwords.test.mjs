// Stored passwords go to the clipboard of a person who proves himself, and off it again; what waits for the key store goes on.
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../desktop/processes.mjs";
import { goToSettings, openPage, shoot, skip } from "./page.mjs";

const options = { skip, timeout: 300_000 };
const PASSPHRASE = "a passphrase of this test";
const PASSWORD = "Kanarienvogel-7";

async function withMachine(t) {
  const opened = await openPage(t);
  const { page, farwired } = opened;
  const uid = await farwired.save("press-04", { port: 1, password: PASSWORD });
  const row = page.getByRole("row", { name: /press-04/ });
  await row.click();
  const details = page.getByRole("complementary", { name: "Details" });
  const dialog = page.getByRole("dialog", { name: "Copy the password of press-04" });
  return { ...opened, uid, row, details, dialog, field: dialog.getByLabel("Passphrase of the key store") };
}

const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());
const isFocused = (locator) => locator.evaluate((element) => element === document.activeElement);
const takesFocus = (what, locator) => eventually(`${what} has the focus`, () => isFocused(locator), true);
const holds = (page, text) => eventually("the clipboard", () => clipboard(page), text);

/** Asks for the password and proves oneself. */
async function copy({ details, dialog, field, page }) {
  await details.getByRole("button", { name: "Copy password" }).click();
  await field.fill(PASSPHRASE);
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
  await page.getByText(/The password of press-04 is on the clipboard for \d+ s/).first().waitFor();
}

/** The password is nowhere in the page, nor in what a browser keeps of it. */
async function assertNowhere(page) {
  const held = await page.evaluate(() => {
    const fields = [...document.querySelectorAll("input, textarea")].map((field) => field.value);
    return JSON.stringify([document.documentElement.outerHTML, fields, { ...localStorage }, { ...sessionStorage }, document.cookie]);
  });
  assert.ok(!held.includes(PASSWORD), "no password in the page");
  assert.ok(!held.includes(PASSPHRASE), "no passphrase in the page");
}

test("a password is copied by a proof, and leaves the clipboard by itself", options, async (t) => {
  const opened = await withMachine(t);
  const { page, farwired, uid, details, dialog, field } = opened;
  await details.getByRole("button", { name: "Copy password" }).click();
  await takesFocus("the passphrase", field);
  await eventually("there is nothing to prove with", () => dialog.getByRole("button", { name: "Copy", exact: true }).isDisabled(), true);
  await shoot(page, "password-proof");
  await field.fill("a wrong one");
  await page.keyboard.press("Enter");
  await dialog.getByText(/passphrase is wrong/i).waitFor();
  await eventually("the passphrase is empty again", () => field.inputValue(), "");
  await takesFocus("the passphrase", field);
  await shoot(page, "password-proof-wrong");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await takesFocus("what asked for it", details.getByRole("button", { name: "Copy password" }));

  await page.evaluate(() => navigator.clipboard.writeText("before"));
  await page.clock.install();
  await copy(opened);
  await holds(page, PASSWORD);
  await assertNowhere(page);
  await shoot(page, "password-copied");
  await page.clock.fastForward(29_000);
  await page.clock.fastForward(3_000);
  await page.getByText("The password of press-04 is off the clipboard").waitFor();
  await holds(page, "");

  // Who took it is written down; one proof is for one password.
  const admin = await farwired.newToken(["admin"]);
  const audit = await (await farwired.ask("GET", "/audit", undefined, admin)).json();
  const copies = audit.filter(({ path }) => path === `/connection/${uid}/credentials/copy`);
  assert.deepEqual(copies.map(({ who, status }) => [who, status]), [["page", 200], ["page", 403]]);
  await details.getByRole("button", { name: "Copy password" }).click();
  await field.waitFor();
});

test("what was copied since stays, and a person can take the password off or let it stay", options, async (t) => {
  const opened = await withMachine(t);
  const { page } = opened;
  await page.clock.install();
  const note = page.getByRole("group", { name: "Copy the password of press-04" });
  await copy(opened);
  await page.evaluate(() => navigator.clipboard.writeText("something else"));
  await page.clock.fastForward(31_000);
  await note.waitFor({ state: "detached" });
  await holds(page, "something else");

  await copy(opened);
  await note.getByRole("button", { name: "Clear now" }).click();
  await note.waitFor({ state: "detached" });
  await holds(page, "");

  await copy(opened);
  await note.getByRole("button", { name: "Keep it" }).click();
  await note.waitFor({ state: "detached" });
  await page.clock.fastForward(31_000);
  await holds(page, PASSWORD);
});

test("a browser that lets nobody look is told so, and nothing else is wiped", options, async (t) => {
  const opened = await withMachine(t);
  const { page, context } = opened;
  await context.clearPermissions();
  await context.grantPermissions(["clipboard-write"]);
  await page.clock.install();
  await copy(opened);
  await page.clock.fastForward(31_000);
  const note = page.getByRole("group", { name: "Copy the password of press-04" });
  await note.getByText(/may still be on the clipboard/).waitFor();
  await shoot(page, "password-unknown");
  await note.getByRole("button", { name: "Clear now" }).click();
  await note.waitFor({ state: "detached" });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await holds(page, "");
});

test("shared passwords and menus copy too, and machines without a password say so", options, async (t) => {
  const opened = await withMachine(t);
  const { page, farwired, row, dialog } = opened;
  await farwired.save("bare", { port: 2 });
  await row.click({ button: "right" });
  await page.getByRole("menuitem", { name: "Copy password" }).click();
  await dialog.waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await page.getByRole("row", { name: /bare/ }).click({ button: "right" });
  await page.getByRole("menuitem", { name: "Copy password" }).click();
  await page.getByText("No password is stored for bare").waitFor();

  await farwired.call("PUT", "/credential", { name: "Line operators", username: "op", password: "shared one" });
  await goToSettings(page, "Key store");
  await page.getByRole("button", { name: "Copy the password of Line operators" }).click();
  const shared = page.getByRole("dialog", { name: "Copy the password of Line operators" });
  await shared.getByLabel("Passphrase of the key store").fill(PASSPHRASE);
  await shared.getByRole("button", { name: "Copy", exact: true }).click();
  await page.getByText(/The password of Line operators is on the clipboard/).first().waitFor();
  await holds(page, "shared one");
});

test("what waits for a locked key store goes on once it is unlocked", options, async (t) => {
  const opened = await withMachine(t);
  const { page, farwired, row, details, dialog, field } = opened;
  const admin = await farwired.newToken(["admin"]);
  const lock = async () => {
    assert.equal((await farwired.ask("ACTION", "/vault/lock", {}, admin)).status, 200);
    await page.getByText("Key store locked").waitFor();
  };
  const asked = page.getByRole("dialog", { name: "Unlock the key store" });
  const passphrase = asked.getByLabel("Passphrase");
  await lock();
  // From the status bar, by keyboard alone; Escape leaves it locked.
  await page.getByRole("button", { name: "Key store locked" }).focus();
  await page.keyboard.press("Enter");
  await asked.waitFor();
  await takesFocus("the passphrase", passphrase);
  await shoot(page, "unlock");
  await page.keyboard.press("Escape");
  await asked.waitFor({ state: "detached" });
  await page.getByText("Key store locked").waitFor();

  // Copying asks for it first, and goes on with the proof.
  await details.getByRole("button", { name: "Copy password" }).click();
  await passphrase.fill("a wrong one");
  await page.keyboard.press("Enter");
  await asked.getByText(/passphrase is wrong/i).first().waitFor();
  await takesFocus("the passphrase", passphrase);
  await eventually("the passphrase is empty again", () => passphrase.inputValue(), "");
  await shoot(page, "unlock-wrong");
  await passphrase.fill(PASSPHRASE);
  await page.keyboard.press("Enter");
  await asked.waitFor({ state: "detached" });
  await dialog.waitFor();
  await takesFocus("the proof", field);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });

  // A connection that was refused for it is opened, also when somebody else unlocks it meanwhile.
  await lock();
  await row.dblclick();
  await page.getByRole("button", { name: "Unlock the key store" }).click();
  await asked.waitFor();
  assert.equal((await farwired.ask("ACTION", "/vault/unlock", { passphrase: PASSPHRASE }, admin)).status, 200);
  await asked.waitFor({ state: "detached" });
  await page.getByText(/nothing listens there/).waitFor();
});

test("the passphrase is changed by who knows it", options, async (t) => {
  const { page } = await openPage(t);
  await goToSettings(page, "Key store");
  await page.getByRole("button", { name: "Change the passphrase…" }).click();
  const dialog = page.getByRole("dialog", { name: "Change the passphrase" });
  const fill = async (old, next, again) => {
    await dialog.getByLabel("Current passphrase").fill(old);
    await dialog.getByLabel("New passphrase", { exact: true }).fill(next);
    await dialog.getByLabel("Repeat the new passphrase").fill(again);
  };
  await fill(PASSPHRASE, "battery staple", "battery stable");
  await dialog.getByText("The two are not the same").waitFor();
  await eventually("it cannot be saved", () => dialog.getByRole("button", { name: "Save" }).isDisabled(), true);
  await fill("a wrong one", "battery staple", "battery staple");
  await shoot(page, "passphrase");
  await page.keyboard.press("Enter");
  await dialog.getByText(/passphrase is wrong/i).waitFor();
  await fill(PASSPHRASE, "battery staple", "battery staple");
  await page.keyboard.press("Enter");
  await page.getByText("The passphrase is set").waitFor();
  await page.getByRole("button", { name: "Lock now" }).click();
  await page.getByLabel("Passphrase").fill("battery staple");
  await page.keyboard.press("Enter");
  await page.getByText("Key store unlocked").waitFor();
});
