// What is set: tokens for scripts, the look, the key store.
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../desktop/processes.mjs";
import { goToSettings, openPage, shoot, skip } from "./page.mjs";

const options = { skip, timeout: 300_000 };

test("a token is made, shown once, does what it may, and is revoked", options, async (t) => {
  const { page, farwired } = await openPage(t);
  await goToSettings(page, "HTTP API");
  await shoot(page, "settings-api");
  await page.getByRole("button", { name: "New token" }).click();
  const dialog = page.getByRole("dialog", { name: "New token" });
  await dialog.getByRole("button", { name: "Create token" }).click();
  await dialog.getByText("Give it a name, so that you know it again").waitFor();
  await dialog.getByLabel("Name").fill("nightly inventory");
  await dialog.getByRole("checkbox", { name: /^connect/ }).click();
  await shoot(page, "settings-token");
  await dialog.getByRole("button", { name: "Create token" }).click();
  const told = page.getByRole("dialog", { name: "Copy the token now" });
  const token = (await told.locator("pre").textContent()).trim();
  await shoot(page, "settings-token-made");
  await told.getByRole("button", { name: "Copy" }).click();
  await eventually("the token is on the clipboard", () => page.evaluate(() => navigator.clipboard.readText()), token);
  await told.getByRole("button", { name: "Done" }).click();
  await told.waitFor({ state: "detached" });
  assert.ok(!(await page.content()).includes(token), "it is not shown again");

  const outcome = async (method, path, body) => (await farwired.ask(method, path, body, token)).status;
  assert.equal(await outcome("GET", "/groups"), 200);
  assert.equal(await outcome("PUT", "/group/", { name: "not allowed" }), 403);
  await page.getByRole("button", { name: "Revoke nightly inventory" }).click();
  await eventually("the token is refused", () => outcome("GET", "/groups"), 401);
});

test("the line to copy calls the API", options, async (t) => {
  const { page, farwired, sandbox } = await openPage(t);
  await farwired.save("press-04", { port: 5901 });
  await goToSettings(page, "HTTP API");
  const line = await eventually("the line is there", () => page.locator("pre").last().textContent(), /curl /);
  assert.doesNotMatch(line, /curl .*Bearer/, "the token is not in curl's arguments, which others can read");
  const answer = JSON.parse(String(await sandbox.run("bash", ["-c", line])));
  assert.deepEqual(answer.map(({ name }) => name), ["press-04"]);
});

test("the theme and the density are changed at once and kept", options, async (t) => {
  const { page, context, farwired } = await openPage(t);
  await farwired.save("press-04", { port: 5901 });
  const background = () => page.evaluate(() => getComputedStyle(document.querySelector("main")).backgroundColor);
  await goToSettings(page, "Appearance");
  const light = await background();
  await page.getByRole("radiogroup", { name: "Theme" }).getByRole("radio", { name: "Dark" }).click();
  await eventually("the page is dark", background, (now) => now !== light);
  await shoot(page, "settings-appearance", { schemes: ["light"] });
  const dark = await background();
  await page.getByRole("radio", { name: "Roomy" }).click();
  const admin = await farwired.newToken(["admin"]);
  const saved = async () => {
    const { appearance } = await (await farwired.ask("GET", "/settings", undefined, admin)).json();
    return [appearance.theme, appearance.density];
  };
  await eventually("both are saved", saved, ["dark", "roomy"]);

  const again = await context.newPage();
  await again.goto(await farwired.newLink());
  await again.getByRole("row", { name: /press-04/ }).waitFor();
  await eventually("the next page is dark too", () => again.evaluate(() => getComputedStyle(document.querySelector("main")).backgroundColor), dark);
});

test("the key store is locked and unlocked with its passphrase", options, async (t) => {
  const { page } = await openPage(t);
  await goToSettings(page, "Key store");
  await page.getByText("From a passphrase").waitFor();
  await shoot(page, "settings-vault");
  await page.getByRole("button", { name: "Lock now" }).click();
  await page.getByText("Key store locked").waitFor();
  await shoot(page, "settings-vault-locked");
  await page.getByLabel("Passphrase").fill("a wrong one");
  await page.keyboard.press("Enter");
  await page.getByText(/the passphrase is wrong/i).first().waitFor();
  await page.getByLabel("Passphrase").fill("a passphrase of this test");
  await page.keyboard.press("Enter");
  await page.getByText("Key store unlocked").waitFor();
});

test("the page tells which Farwire it is", options, async (t) => {
  const { page, farwired } = await openPage(t);
  await page.getByRole("button", { name: "Main menu" }).click();
  await page.getByRole("menuitem", { name: "About Farwire" }).click();
  const { version } = await farwired.call("GET", "/version");
  await page.getByRole("definition").getByText(version, { exact: true }).waitFor();
  await shoot(page, "settings-about");
});
