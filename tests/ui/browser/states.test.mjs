// Views that wait, that are refused what they ask for, and that nobody answers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../desktop/processes.mjs";
import { EXPECTED_OFFLINE, goToSettings, openPage, shoot, skip } from "./page.mjs";

const options = { skip, timeout: 600_000 };

const place = (page, name) => page.getByRole("navigation", { name: "Library" }).getByRole("button", { name });
const settingsPage = (page, name) => page.getByRole("navigation", { name: "Settings" }).getByRole("button", { name });

/** Holds the real answers to some requests back until the returned function is called. */
async function hold(page, ...paths) {
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await page.route(
    (url) => paths.some((path) => url.pathname === path || url.pathname.startsWith(`${path}/`)),
    async (route) => {
      await held;
      await route.continue().catch(() => undefined); // The page is gone already.
    },
  );
  return release;
}

/** Signs in with a token that may do some things only. */
async function signInWith(page, farwired, scopes) {
  const token = await farwired.newToken(scopes);
  await page.goto("about:blank");
  await page.goto(`${farwired.url}/ui/`);
  await page.getByLabel("Sign-in link or token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("tab", { name: "Machines" }).waitFor();
}

test("while a list is read, its place says so", options, async (t) => {
  const { page, farwired } = await openPage(t, { isSignedIn: false });
  await farwired.save("press-04", { port: 5901 });
  const release = await hold(page, "/connections", "/nearby", "/trust", "/history", "/backups", "/tokens");
  await page.goto(farwired.link);
  await page.getByRole("status", { name: "Reading the list of machines" }).locator(".bone").first().waitFor();
  await shoot(page, "loading-machines");
  for (const [name, words] of [
    ["Nearby", "Looking around on this network"],
    ["Trust", "Reading keys and certificates"],
  ]) {
    await place(page, name).click();
    await page.getByRole("status", { name: words }).locator(".bone").first().waitFor();
    await shoot(page, `loading-${name.toLowerCase()}`);
  }
  await place(page, "Settings").click();
  for (const name of ["Backups", "History", "HTTP API"]) {
    await settingsPage(page, name).click();
    await page.getByRole("heading", { name, level: 1 }).waitFor();
    await page.getByRole("main").getByRole("status").locator(".bone").first().waitFor();
    await shoot(page, `loading-${name.toLowerCase()}`, { schemes: ["light"] });
  }
  release();
  await page.getByRole("main").getByRole("status").locator(".bone").first().waitFor({ state: "detached" });
  await place(page, /^All machines/).click();
  await page.getByRole("row", { name: /press-04/ }).waitFor();
});

test("a list that nobody answers for says so after a while, and is given up or asked for anew", options, async (t) => {
  const { page, farwired } = await openPage(t, { isSignedIn: false });
  await farwired.save("press-04", { port: 5901 });
  const release = await hold(page, "/connections", "/nearby", "/trust", "/history", "/backups", "/tokens");
  await page.clock.install();
  await page.goto(farwired.link);
  const main = page.getByRole("main");
  const from = `Farwire at ${new URL(farwired.url).host} has not answered for 10 seconds.`;
  /** Waits until a place says what it waits for. */
  const wait = async (words, isShot = true) => {
    await page.getByRole("status", { name: words }).waitFor();
    // The side bar has asked for the keys from the beginning.
    if (words !== "Reading keys and certificates") assert.equal(await main.getByText(from).count(), 0, "not at once");
    await page.clock.fastForward(10_000);
    await main.getByText(`${words} takes long`).waitFor();
    await main.getByText(from).waitFor();
    await shoot(page, `slow-${words.split(" ").at(-1)}`, isShot ? {} : { schemes: ["light"] });
  };
  await wait("Reading the list of machines");
  for (const [name, words] of [
    ["Nearby", "Looking around on this network"],
    ["Trust", "Reading keys and certificates"],
  ]) {
    await place(page, name).click();
    await wait(words);
  }
  await place(page, "Settings").click();
  for (const [name, words] of [
    ["HTTP API", "Reading the list of tokens"],
    ["Backups", "Reading the list of backups"],
    ["History", "Reading the history"],
  ]) {
    await settingsPage(page, name).click();
    await wait(words, false);
  }
  await place(page, /^All machines/).click();
  await main.getByRole("button", { name: "Cancel" }).click();
  await main.getByText("Reading the list of machines was given up.").waitFor();
  await eventually("it is no longer read", () => page.getByRole("status", { name: "Reading the list of machines" }).count(), 0);
  await shoot(page, "slow-cancelled");
  await main.getByRole("button", { name: "Try again" }).click();
  await wait("Reading the list of machines");
  const asked = page.waitForRequest((request) => new URL(request.url()).pathname === "/connections");
  await main.getByRole("button", { name: "Try again" }).click();
  await asked;
  await main.getByText(from).waitFor({ state: "detached" });
  release();
  await page.getByRole("row", { name: /press-04/ }).waitFor();
});

test("lists that could not be read say what was tried, and try again", options, async (t) => {
  const { page, farwired } = await openPage(t, { isSignedIn: false, expected: EXPECTED_OFFLINE });
  const release = await hold(page, "/connections");
  await page.goto(farwired.link);
  await page.getByRole("status", { name: "Reading the list of machines" }).waitFor();
  await farwired.stop();
  release();
  const notice = page.getByRole("main").getByRole("alert");
  await notice.getByText("The list of machines could not be read").waitFor();
  await notice.getByText("Farwire itself does not answer. Is it still running?").waitFor();
  await notice.getByRole("button", { name: "Copy details" }).waitFor();
  await shoot(page, "failed-machines");
  await notice.getByRole("button", { name: "Try again" }).click();
  await notice.getByText("The list of machines could not be read").waitFor();
  for (const [name, words] of [
    ["Nearby", "This network could not be searched"],
    ["Trust", "The list could not be read"],
  ]) {
    await place(page, name).click();
    await notice.getByText(words).waitFor();
    await notice.getByRole("button", { name: "Try again" }).waitFor();
    await shoot(page, `failed-${name.toLowerCase()}`);
  }
  await place(page, "Settings").click();
  for (const name of ["HTTP API", "Backups", "History", "About"]) {
    await settingsPage(page, name).click();
    await notice.getByText("Farwire itself does not answer. Is it still running?").waitFor();
    await notice.getByRole("button", { name: "Try again" }).waitFor();
    await shoot(page, `failed-${name.toLowerCase()}`, { schemes: ["light"] });
  }
});

test("a token that may only read changes nothing, and the field says why", options, async (t) => {
  const { page, farwired } = await openPage(t);
  const uid = await farwired.save("press-04", { port: 5901 });
  await farwired.call("PUT", "/group/", { name: "Hall 2" });
  await signInWith(page, farwired, ["read"]);
  await page.getByRole("row", { name: /press-04/ }).click();
  await page.getByLabel("Name", { exact: true }).fill("another");
  await page.getByRole("complementary", { name: "Details" }).getByText(/needs a token with the scope write/).waitFor();
  await page.getByText("Changes made elsewhere are not seen: this token lacks the scope connect").waitFor();
  assert.equal(await page.getByText("Farwire does not answer").count(), 0);
  await shoot(page, "refused-details");
  await page.getByRole("treeitem", { name: /^Hall 2/ }).click();
  await page.keyboard.press("F2");
  await page.getByLabel("Group name").fill("Hall 3");
  await page.keyboard.press("Enter");
  await page.getByRole("tree", { name: "Groups" }).getByRole("alert").waitFor();
  await shoot(page, "refused-group");
  await page.keyboard.press("Escape");
  assert.equal((await farwired.call("GET", `/connection/${uid}`)).name, "press-04");
  assert.deepEqual((await farwired.call("GET", "/groups")).map(({ name }) => name), ["Hall 2"]);
});

test("when Farwire goes down, what is there stays, and every view says that nobody answers", options, async (t) => {
  const { page, farwired } = await openPage(t, { expected: EXPECTED_OFFLINE });
  await farwired.save("press-04", { port: 5901 });
  await page.getByRole("row", { name: /press-04/ }).waitFor();
  await farwired.stop();
  await page.getByText("Farwire does not answer, trying again").waitFor();
  await page.getByRole("row", { name: /press-04/ }).waitFor();
  await shoot(page, "offline-machines");
  await place(page, "Nearby").click();
  await page.getByText("This network could not be searched").waitFor();
  await shoot(page, "offline-nearby", { schemes: ["light"] });
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search or connect" }).fill("10.0.0.9:1");
  await page.keyboard.press("Control+Enter");
  await page.getByRole("dialog").getByRole("alert").getByText(/^Not connected: /).waitFor();
  await shoot(page, "offline-command-bar", { schemes: ["light"] });
});

test("signing in says when it takes its time and when nobody answers", options, async (t) => {
  const { page, farwired } = await openPage(t, { isSignedIn: false, expected: EXPECTED_OFFLINE });
  await page.goto(`${farwired.url}/ui/`);
  const field = page.getByLabel("Sign-in link or token");
  await field.fill(await farwired.newToken(["connect"]));
  await page.keyboard.press("Enter");
  await page.getByText(/^This token may not read what is saved/).waitFor();
  await shoot(page, "sign-in-scope");
  const release = await hold(page, "/groups");
  await field.fill("a-token");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Signing in" }).waitFor();
  await shoot(page, "sign-in-busy", { schemes: ["light"] });
  release();
  await page.getByText("Farwire does not know this token.").waitFor();
  await farwired.stop();
  await field.fill("a-token");
  await page.keyboard.press("Enter");
  await page.getByText("Farwire does not answer. Is it still running?").waitFor();
  await shoot(page, "sign-in-offline");
});

test("the command bar says what it does not find", options, async (t) => {
  const { page, farwired } = await openPage(t);
  await farwired.save("press-04", { port: 5901, tags: ["hall-2"] });
  await farwired.save("lathe-01", { port: 5901 });
  await page.getByRole("row", { name: /press-04/ }).waitFor();
  const bar = page.getByRole("combobox", { name: "Search or connect" });
  const current = () => page.getByRole("option", { selected: true }).textContent();
  await page.keyboard.press("Control+k");
  await bar.fill("nothing like this");
  await page.getByText("Nothing found. An address such as vnc://host:5901 connects at once.").waitFor();
  await shoot(page, "command-bar-nothing");

  await bar.fill("rdp operator@10.0.0.7");
  await page.getByRole("option", { name: /rdp:\/\/operator@10\.0\.0\.7 not saved yet/ }).waitFor();
  await shoot(page, "command-bar-rdp");

  await bar.fill("p04");
  await eventually("the machine is found", current, /press-04/);
  await bar.fill("hall");
  await page.getByRole("option", { name: /hall-2 Tag/ }).waitFor();
  await bar.fill("appear");
  await eventually("the action is found", current, /Appearance/);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Appearance", level: 1 }).waitFor();
  await bar.waitFor({ state: "detached" });
  await page.keyboard.press("Control+k");
  await page.getByRole("option", { name: "Appearance" }).waitFor();
  const firstAction = async () => (await page.getByRole("option").allTextContents()).find((text) => !/press|lathe/.test(text));
  await eventually("the action used last comes first", firstAction, /Appearance/);
});

test("a filter that finds nothing says so, and where there would be something", options, async (t) => {
  const { page, farwired } = await openPage(t);
  const { group_uid: group } = await farwired.call("PUT", "/group/", { name: "Hall 2" });
  await farwired.save("press-04", { port: 5901, category_uid: group });
  await farwired.save("lathe-01", { port: 5901 });
  await page.getByRole("treeitem", { name: /^Hall 2/ }).click();
  await page.getByRole("row", { name: /press-04/ }).waitFor();
  await page.keyboard.press("Control+f");
  await page.keyboard.type("lathe");
  await page.getByText("No machine matches “lathe”").waitFor();
  await shoot(page, "filter-nothing");
  await page.getByRole("button", { name: "Search everywhere" }).click();
  await page.getByRole("row", { name: /lathe-01/ }).waitFor();
});

test("secrets that are locked are not asked for in vain", options, async (t) => {
  const { page, farwired } = await openPage(t);
  await farwired.save("press-04", { port: 5901, password: "not told" });
  await goToSettings(page, "Key store");
  await page.getByRole("button", { name: "Lock now" }).click();
  await page.getByText("Key store locked").waitFor();
  await place(page, /^All machines/).click();
  await page.getByRole("row", { name: /press-04/ }).click();
  const details = page.getByRole("tabpanel", { name: "Connection" });
  await details.getByRole("button", { name: "Replace" }).click();
  await details.getByLabel("New password").fill("another");
  await page.keyboard.press("Enter");
  await details.getByRole("alert").getByText(/locked/).waitFor();
  await shoot(page, "details-locked");
});

test("what is wrong with the saved data is told while it is so, and until it was read", options, async (t) => {
  const { page, farwired } = await openPage(t);
  await farwired.save("press-04", { port: 5901 });
  const admin = await farwired.newToken(["admin"]);
  let notice = "Nothing can be saved: the file system of /home/anna/.local/share/farwire can only be read: make it writable and start Farwire again.";
  await page.route(
    (url) => url.pathname === "/settings",
    async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...(await response.json()), notice } });
    },
  );
  // Whatever is set is an event, by which the page reads the settings anew.
  const set = async (density) => assert.ok((await farwired.ask("PUT", "/settings", { appearance: { density } }, admin)).ok);
  await set("roomy");
  const told = page.getByText("Nothing can be saved");
  await told.waitFor();
  await shoot(page, "notice-read-only");
  notice = null;
  await set("compact");
  await told.waitFor({ state: "detached" });
  notice = "A damaged record was set aside.";
  await set("roomy");
  await page.getByText("A damaged record was set aside.").waitFor();
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByText("A damaged record was set aside.").waitFor({ state: "detached" });
});
