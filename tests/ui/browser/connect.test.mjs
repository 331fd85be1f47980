// From an address to a picture, and what is said when there is none.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startMachine, TERMINAL_COLOUR } from "../desktop/machine.mjs";
import { eventually, freePort, until } from "../desktop/processes.mjs";
import { openPage, shoot, skipWithoutMachine as skip } from "./page.mjs";
import { countPixels } from "./screen.mjs";

/** The terminal fills at least so many pixels of the screen. */
const MUCH = 100_000;
const options = { skip, timeout: 300_000 };

async function openBoth(t) {
  const opened = await openPage(t);
  return { ...opened, machine: await startMachine(opened.sandbox) };
}

async function seen(page, name) {
  await until(`${name} is drawn`, async () => (await countPixels(page, name, TERMINAL_COLOUR)) > MUCH);
}

test("from the empty start to the first picture by its address alone", options, async (t) => {
  const { page, machine, farwired } = await openBoth(t);
  await page.getByLabel("Address").fill("not an address");
  await page.keyboard.press("Enter");
  await page.getByText("This is not an address.").waitFor();
  await shoot(page, "start-refused", { schemes: ["light"] });
  await page.getByLabel("Address").fill(`vnc://127.0.0.1:${machine.port}`);
  await page.keyboard.press("Enter");
  const name = `127.0.0.1:${machine.port}`;
  const session = page.getByRole("tabpanel", { name });
  await session.getByRole("heading", { name: `${name} asks you to sign in` }).waitFor();
  await shoot(page, "session-sign-in");
  await session.getByLabel("Password").fill(machine.password);
  await session.getByText("Remember in the key store").click();
  await session.getByRole("button", { name: "Connect" }).click();
  await seen(page, name);
  const [{ uid }] = await farwired.call("GET", "/connections");
  await eventually("the password is stored", async () => (await farwired.call("GET", `/connection/${uid}/credentials`)).redacted, ["vnc.password"]);
});

test("the command bar connects to an address that is not saved, and to a machine that is", options, async (t) => {
  const { page, machine, farwired } = await openBoth(t);
  await farwired.save("press-04", { port: machine.port, password: machine.password });
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search or connect" }).fill("press");
  // The page hears of what a script saved a moment later.
  await page.getByRole("option", { name: /press-04/ }).waitFor();
  await page.keyboard.press("Enter");
  await seen(page, "press-04");
  await eventually("the machine has one viewer", machine.viewers, 1);

  await page.keyboard.press("Control+Alt+k");
  await page.getByRole("combobox", { name: "Search or connect" }).fill(`localhost::${machine.port}`);
  await page.getByRole("option", { name: /not saved yet/ }).waitFor();
  await shoot(page, "command-bar-address", { schemes: ["light"] });
  await page.keyboard.press("Control+Enter");
  await page.getByRole("heading", { name: `localhost:${machine.port} asks you to sign in` }).waitFor();
});

test("a wrong password is told at its stage and can be written anew", options, async (t) => {
  const { page, machine, farwired } = await openBoth(t);
  const uid = await farwired.save("press-04", { port: machine.port, password: "wrong!" });
  await page.getByRole("row", { name: /press-04/ }).dblclick();
  const session = page.getByRole("tabpanel", { name: "press-04" });
  await session.getByRole("heading", { name: "press-04 asks you to sign in" }).waitFor();
  await shoot(page, "session-refused");
  const said = await eventually("what is said", () => session.getByRole("alert").textContent(), /password/i);
  assert.doesNotMatch(said, /wrong!/);
  await eventually("the password has the focus", () => page.evaluate(() => document.activeElement.getAttribute("aria-label")), "Password");
  const tried = machine.connections();
  await session.getByLabel("Password").fill("wrong, too");
  await page.keyboard.press("Enter");
  await eventually("it was tried once more", machine.connections, (now) => now > tried);
  await session.getByRole("heading", { name: "press-04 asks you to sign in" }).waitFor();
  await session.getByLabel("Password").fill(machine.password);
  await page.keyboard.press("Enter");
  await seen(page, "press-04");
  assert.equal((await farwired.ask("ACTION", `/connection/${uid}/connect?wait=1`)).status, 424, "what was typed once is not stored");
});

test("a machine that does not answer says at which stage and what to do", options, async (t) => {
  const { page, farwired } = await openPage(t);
  await farwired.save("switched-off", { port: await freePort() });
  await farwired.save("misspelt", { host: "no-such-machine.invalid", port: 5900 });
  for (const [name, stage, advice] of [
    ["switched-off", "connect", "Is the machine on"],
    ["misspelt", "resolve", "Is the name spelled right"],
  ]) {
    await page.getByRole("tab", { name: "Machines" }).click();
    await page.getByRole("row", { name: new RegExp(name) }).dblclick();
    const notice = page.getByRole("tabpanel", { name }).getByRole("alert");
    await notice.getByText(`At stage ${stage}:`).waitFor();
    await notice.getByText(advice).waitFor();
    await shoot(page, `session-failed-${stage}`);
    await notice.getByRole("button", { name: "Try again" }).click();
    await notice.getByText(`At stage ${stage}:`).waitFor();
  }
  await page.getByRole("tabpanel", { name: "misspelt" }).getByRole("button", { name: "Edit machine" }).click();
  await page.getByRole("heading", { name: "misspelt" }).waitFor();
});

test("a connection is tested stage by stage without being opened", options, async (t) => {
  const { page, machine, farwired } = await openBoth(t);
  await farwired.save("press-04", { port: machine.port, password: machine.password });
  await page.getByRole("row", { name: /press-04/ }).click();
  await page.getByRole("tab", { name: "Test" }).click();
  const panel = page.getByRole("tabpanel", { name: "Test" });
  await panel.getByRole("button", { name: "Test" }).click();
  await panel.getByText("Everything answered").waitFor();
  await panel.getByText("Signing in").waitFor();
  await shoot(page, "details-test");
  assert.deepEqual(await farwired.call("GET", "/sessions"), []);

  await page.getByRole("tab", { name: "Connection" }).click();
  await page.getByRole("button", { name: "Replace" }).click();
  await page.getByLabel("New password").fill("wrong!");
  await page.keyboard.press("Enter");
  await page.getByText("Stored", { exact: true }).waitFor();
  await page.getByRole("tab", { name: "Test" }).click();
  await panel.getByRole("button", { name: "Test" }).click();
  await panel.getByText("The test stopped").waitFor();
  await panel.getByText("Check the user name and password.").waitFor();
  await shoot(page, "details-test-failed", { schemes: ["light"] });
});

test("a name of a host is offered beside the machines that are like it", options, async (t) => {
  const { page, farwired } = await openPage(t);
  // A name that nobody has: what is tried is told all the same.
  await farwired.save("press-invalid-04", { host: "mill", port: 5900 });
  await page.getByRole("row", { name: /press-invalid-04/ }).waitFor();
  await page.keyboard.press("Control+k");
  const bar = page.getByRole("combobox", { name: "Search or connect" });
  const last = () => page.getByRole("option").last().textContent();
  await bar.fill("press-invalid");
  await page.getByRole("option", { name: /press-invalid-04/, selected: true }).waitFor();
  await eventually("the host comes last", last, /press-invalid.*not saved yet/);
  await shoot(page, "command-bar-host", { schemes: ["light"] });
  // Not where a saved machine is at just that address, nor what is no name of a host.
  await bar.fill("mill");
  await page.getByRole("option", { name: /press-invalid-04/ }).waitFor();
  await eventually("no host is offered", () => page.getByRole("option", { name: /not saved yet/ }).count(), 0);
  await bar.fill("press invalid");
  await page.getByRole("option", { name: /press-invalid-04/ }).waitFor();
  await eventually("no host is offered", () => page.getByRole("option", { name: /not saved yet/ }).count(), 0);

  await bar.fill("press-invalid");
  await eventually("the host is offered again", last, /not saved yet/);
  await page.keyboard.press("Control+Enter");
  await page.getByRole("tab", { name: "press-invalid", exact: true }).waitFor();
  const hosts = async () => (await farwired.call("GET", "/connections")).map(({ host }) => host).sort();
  await eventually("it is saved as it is connected to", hosts, ["mill", "press-invalid"]);
});

test("a session opened to observe takes no input until it is told to", options, async (t) => {
  const { page, machine, farwired } = await openBoth(t);
  await farwired.save("press-04", { port: machine.port, password: machine.password });
  await page.getByRole("row", { name: /press-04/ }).click();
  await page.getByRole("button", { name: "Observe" }).first().click();
  await seen(page, "press-04");
  const [session] = await farwired.call("GET", "/sessions");
  assert.equal(session.view_only, true);
  await eventually("the page observes", () => page.getByRole("radio", { name: "Observe" }).isChecked(), true);
});

test("a session that a script opens can be shown and is seen in the list", options, async (t) => {
  const { page, machine, farwired } = await openBoth(t);
  const uid = await farwired.save("press-04", { port: machine.port, password: machine.password });
  await farwired.call("ACTION", `/connection/${uid}/connect?wait=1`);
  await page.getByRole("button", { name: "1 session" }).click();
  await page.getByRole("menuitem", { name: "press-04" }).click();
  await seen(page, "press-04");
  await page.getByRole("tab", { name: "Machines" }).click();
  await page.keyboard.press("Control+1");
  await page.getByRole("gridcell", { name: /press-04/ }).locator("img").waitFor();
  await shoot(page, "tiles-live");
  await eventually("the machine has one viewer", machine.viewers, 1);
});

test("what is pressed while a menu or a dialog fades away is not lost", options, async (t) => {
  const { page, farwired } = await openPage(t);
  await farwired.save("press-04", { port: 5901 });
  // So slowly that nobody is too late.
  await page.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync('@keyframes fade { to { opacity: 0 } } :is([role="menu"], [role="dialog"])[data-state="closed"] { animation: fade 1000s }');
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  });
  const search = page.getByRole("combobox", { name: "Search or connect" });
  await page.getByRole("row", { name: /press-04/ }).click({ button: "right" });
  await page.getByRole("menuitem", { name: "Duplicate" }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator('[role="menu"][data-state="closed"]').waitFor();
  await page.keyboard.press("Control+k");
  await search.waitFor();
  await page.keyboard.type("press");
  await eventually("what was typed is there", () => search.inputValue(), "press");
  assert.equal(await page.locator('[role="menu"][data-state="closed"]').count(), 1, "the menu still fades");
});
