// What a person sets and does with shells besides typing into one.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { eventually, until } from "../desktop/processes.mjs";
import { goToSettings, shoot } from "./page.mjs";
import { lines, NAME, openShell, pane, prints, saveShell, shows } from "./shell.mjs";
import { skipWithoutSshd as skip } from "./sshd.mjs";

const options = { skip, timeout: 300_000 };

test("what is typed goes to the shells that were chosen, and the tabs say so", options, async (t) => {
  const opened = await openShell(t);
  const { page, sshd } = opened;
  for (const other of ["shell-02", "shell-03"]) {
    await saveShell(opened, other);
    await page.getByRole("tab", { name: "Machines" }).click();
    await page.getByRole("row", { name: new RegExp(other) }).dblclick();
    await shows(page, "$", other);
  }
  const choose = async (entry) => {
    await pane(page, "shell-03").getByRole("button", { name: "More" }).click();
    await page.getByRole("menuitem", { name: "Type into several shells" }).click();
    await entry.click();
  };
  await choose(page.getByRole("menuitemcheckbox", { name: NAME, exact: true }));
  await pane(page, "shell-03").getByText(`What you type also goes to ${NAME}`).waitFor();
  await shoot(page, "terminal-several");
  await pane(page, "shell-03").locator(".xterm").click();
  await page.keyboard.type("echo once >> several\n");
  await eventually("two shells carried it out", () => sshd.read("several"), "once\nonce\n");
  assert.ok(!(await lines(page, "shell-02")).some((line) => line.includes("once")), "the third one was not chosen");
  await pane(page, "shell-03").getByRole("button", { name: "Only here" }).click();
  await page.keyboard.type("echo alone >> several; touch alone\n");
  await until("it is carried out", () => sshd.read("alone") !== null);
  // Another shell that had been typed into would have been sent it before this one's next line.
  await page.keyboard.type("echo again >> several; touch again\n");
  await until("it is carried out", () => sshd.read("again") !== null);
  assert.equal(sshd.read("several"), "once\nonce\nalone\nagain\n");
});

test("a link is shown before it is opened", options, async (t) => {
  const { context, page } = await openShell(t);
  await page.keyboard.type("clear; printf '\\033]8;;https://example.invalid/there\\033\\\\its-own-text\\033]8;;\\033\\\\\\n'\n");
  await prints(page, "its-own-text");
  const text = pane(page).locator(".xterm-rows > div", { hasText: /^its-own-text/ });
  const place = await text.boundingBox();
  await page.mouse.move(place.x + 30, place.y + place.height / 2);
  await page.mouse.click(place.x + 30, place.y + place.height / 2);
  const dialog = page.getByRole("dialog", { name: "Open a page of example.invalid?" });
  await dialog.getByText("https://example.invalid/there").waitFor();
  await shoot(page, "terminal-link");
  assert.equal(context.pages().length, 1, "nothing was opened yet");
  await dialog.getByRole("button", { name: "Copy" }).click();
  await eventually("it is on the clipboard", () => page.evaluate(() => navigator.clipboard.readText()), "https://example.invalid/there");
  // An address that a program prints as it is, is a link too.
  await page.keyboard.type("clear; echo http://example.invalid/$((6*7))\n");
  await prints(page, "http://example.invalid/42");
  const printed = await pane(page).locator(".xterm-rows > div", { hasText: /^http:/ }).boundingBox();
  await page.mouse.move(printed.x + 40, printed.y + printed.height / 2);
  await page.mouse.click(printed.x + 40, printed.y + printed.height / 2);
  const opened = context.waitForEvent("page");
  await dialog.getByRole("button", { name: "Open" }).click();
  await opened;
});

test("colours and size of shells are set once for all, and act at once", options, async (t) => {
  const { farwired, page } = await openShell(t);
  const fits = async () => (await lines(page)).length;
  const before = await fits();
  await page.getByRole("tab", { name: "Machines" }).click();
  await goToSettings(page, "Appearance");
  await page.getByRole("radiogroup", { name: "Colours" }).getByRole("radio", { name: "Light" }).click();
  await page.getByLabel("Size").click();
  await page.getByRole("option", { name: "24 px" }).click();
  await page.getByLabel("Font", { exact: true }).fill("Liberation Mono");
  await page.keyboard.press("Enter");
  const admin = await farwired.newToken(["admin"]);
  const saved = async () => (await (await farwired.ask("GET", "/settings", undefined, admin)).json()).terminal;
  await eventually("all is saved", saved, { font: "Liberation Mono", font_size: 24, colours: "light" });
  await shoot(page, "settings-shells");
  await page.getByRole("tab", { name: NAME }).click();
  await eventually("fewer lines fit", fits, (now) => now < before);
  await shoot(page, "terminal-light", { schemes: ["light"] });
});

test("a log has what a shell printed, and the details say where it is", options, async (t) => {
  const { page } = await openShell(t, {}, { "ssh.log": true });
  await page.keyboard.type("echo logged-$((40+2))\n");
  await prints(page, "logged-42");
  await pane(page).getByRole("button", { name: "Session details" }).click();
  const path = await page.locator("dd", { hasText: "/logs/" }).textContent();
  await eventually("the log has it", () => readFileSync(path, "utf8"), /logged-42/);
});

test("programs on the machine are told this computer's language", options, async (t) => {
  // The machine has none of its own to tell.
  const { page } = await openShell(t, { config: "AcceptEnv LANG", prepare: "rm -f /etc/default/locale /etc/environment" });
  await page.keyboard.type("echo told $LANG\n");
  await prints(page, "told C.UTF-8");
});
