// What a person sets and does with shells besides typing into one.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { until } from "../desktop/processes.mjs";
import { goToSettings, shoot } from "./page.mjs";
import { lines, openShell, pane, shows } from "./shell.mjs";
import { skipWithoutSshd as skip } from "./sshd.mjs";

const options = { skip, timeout: 180_000 };

test("what is typed goes to the shells that were chosen, and the tabs say so", options, async (t) => {
  const { farwired, page, sshd, uid, name } = await openShell(t);
  for (const other of ["shell-02", "shell-03"]) {
    await farwired.call("ACTION", `/connection/${uid}/duplicate`, { name: other });
    await page.getByRole("tab", { name: "Machines" }).click();
    await page.getByRole("row", { name: new RegExp(other) }).dblclick();
    await shows(page, "$", other);
  }
  const choose = async (entry) => {
    await pane(page, "shell-03").getByRole("button", { name: "More" }).click();
    await page.getByRole("menuitem", { name: "Type into several shells" }).click();
    await entry.click();
  };
  await choose(page.getByRole("menuitemcheckbox", { name, exact: true }));
  await pane(page, "shell-03").getByText(`What you type also goes to ${name}`).waitFor();
  await shoot(page, "terminal-several");
  await pane(page, "shell-03").locator(".xterm").click();
  await page.keyboard.type("echo once >> several\n");
  await until("two shells carried it out", () => sshd.read("several") === "once\nonce\n");
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
  await page.keyboard.type("clear; printf '\\033]8;;https://example.invalid/there\\033\\\\text of its own\\033]8;;\\033\\\\\\n'\n");
  await shows(page, "text of its own");
  const text = pane(page).locator(".xterm-rows > div", { hasText: /^text of its own/ });
  const place = await text.boundingBox();
  await page.mouse.move(place.x + 30, place.y + place.height / 2);
  await page.mouse.click(place.x + 30, place.y + place.height / 2);
  const dialog = page.getByRole("dialog", { name: "Open a page of example.invalid?" });
  await dialog.getByText("https://example.invalid/there").waitFor();
  await shoot(page, "terminal-link");
  assert.equal(context.pages().length, 1, "nothing was opened yet");
  await dialog.getByRole("button", { name: "Copy" }).click();
  await until("it is on the clipboard", async () => (await page.evaluate(() => navigator.clipboard.readText())) === "https://example.invalid/there");
  // An address that a program prints as it is, is a link too.
  await page.keyboard.type("clear; echo http://example.invalid/$((6*7))\n");
  await shows(page, "http://example.invalid/42");
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
  await until("all is saved", async () => {
    const { terminal } = await farwired.call("GET", "/settings");
    return terminal.colours === "light" && terminal.font_size === 24 && terminal.font === "Liberation Mono";
  });
  await shoot(page, "settings-shells");
  await page.getByRole("tab", { name: "shell-01" }).click();
  await until("fewer lines fit", async () => (await fits()) < before);
  await shoot(page, "terminal-light", { schemes: ["light"], isChecked: false });
});

test("a log has what a shell printed, and the details say where it is", options, async (t) => {
  const { page } = await openShell(t, {}, { "ssh.log": true });
  await page.keyboard.type("echo logged-$((40+2))\n");
  await shows(page, "logged-42");
  await pane(page).getByRole("button", { name: "Details" }).click();
  const path = await page.locator("dd", { hasText: "/logs/" }).textContent();
  await until("the log has it", () => readFileSync(path, "utf8").includes("logged-42"));
});
