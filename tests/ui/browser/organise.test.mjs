// Keeping order: names and groups changed where they are seen, places with machines in them, and the way back from all of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startMachine } from "../desktop/machine.mjs";
import { eventually, until } from "../desktop/processes.mjs";
import { openPage, shoot, skip, skipWithoutMachine } from "./page.mjs";

const options = { skip, timeout: 300_000 };

async function withGroups(t) {
  const { page, farwired } = await openPage(t);
  const group = async (name, fields = {}) => (await farwired.call("PUT", "/group/", { name, ...fields })).group_uid;
  const plant = await group("Plant");
  const hall = await group("Hall", { parent_uid: plant, "vnc.colours": "high" });
  await group("Yard");
  const lathe = await farwired.save("lathe", { port: 5901, category_uid: hall });
  const mill = await farwired.save("mill", { port: 5902, category_uid: hall });
  await page.getByRole("row", { name: /mill/ }).waitFor();
  const tree = page.getByRole("tree", { name: "Groups" });
  const row = (name) => tree.getByRole("treeitem", { name: new RegExp(`^${name},`) });
  await row("Hall").waitFor();
  /** The name of the group a group lies in. */
  const around = (name) => async () => {
    const all = await farwired.call("GET", "/groups");
    const { parent_uid: parent } = all.find((one) => one.name === name);
    return all.find((one) => one.group_uid === parent)?.name ?? null;
  };
  const note = (text) => page.locator(".toast", { hasText: text });
  return { page, farwired, tree, row, around, note, lathe, mill, hall };
}

test("a machine is renamed in place among the tiles", options, async (t) => {
  const { page, farwired, mill } = await withGroups(t);
  await page.keyboard.press("Control+1");
  const tile = (name) => page.getByRole("gridcell", { name: new RegExp(name) });
  await tile("mill").click();
  await page.keyboard.press("F2");
  await page.getByLabel("Rename mill").fill("mill-01");
  await shoot(page, "tile-renamed");
  await page.keyboard.press("Enter");
  await tile("mill-01").waitFor();
  assert.equal((await farwired.call("GET", `/connection/${mill}`)).name, "mill-01");
  await tile("mill-01").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Rename" }).click();
  await page.getByLabel("Rename mill-01").fill("another");
  await page.keyboard.press("Escape");
  await page.getByLabel("Rename mill-01").waitFor({ state: "detached" });
  assert.equal((await farwired.call("GET", "/sessions")).length, 0);
});

test("a group is dragged and comes back, and has no place inside itself", options, async (t) => {
  const { page, tree, row, around, note } = await withGroups(t);
  await row("Hall").dragTo(row("Yard"), { steps: 5 });
  await eventually("it lies in the yard", around("Hall"), "Yard");
  await note("Moved Hall to Yard").getByRole("button", { name: "Undo" }).click();
  await eventually("it is back", around("Hall"), "Plant");

  const order = async () => (await tree.getByRole("treeitem").allTextContents()).map((text) => /[A-Z][a-z]+/.exec(text)?.[0]).join();
  await eventually("the tree shows it there", order, "Plant,Hall,Yard");
  const from = await row("Plant").boundingBox();
  const to = await row("Hall").boundingBox();
  await page.mouse.move(from.x + 60, from.y + from.height / 2);
  await page.mouse.down();
  await page.mouse.move(to.x + 60, to.y + to.height / 2, { steps: 5 });
  assert.equal(await row("Hall").getAttribute("data-drop"), null);
  await page.mouse.up();
  await row("Hall").dragTo(page.getByRole("button", { name: /^Without a group/ }), { steps: 5 });
  await eventually("it lies at the top", around("Hall"), null);
  assert.equal(await around("Plant")(), null);
  assert.equal(await page.getByRole("navigation", { name: "Library" }).getByRole("alert").count(), 0);
});

test("a group is moved by keyboard, and Ctrl+Z takes it back after its note is gone", options, async (t) => {
  const { page, row, around, note } = await withGroups(t);
  await row("Hall").click();
  await page.keyboard.press("Shift+F10");
  await page.getByRole("menuitem", { name: "Move to" }).waitFor();
  const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim());
  /** Goes down until the keyboard is on an entry. */
  const goTo = (name) =>
    until(`the keyboard is on ${name}`, async () => {
      if ((await focused()) === name) return true;
      await page.keyboard.press("ArrowDown");
      return false;
    });
  await goTo("Move to");
  await page.keyboard.press("ArrowRight");
  await eventually("the keyboard is in the list of groups", focused, "Top level");
  await goTo("Yard");
  await page.keyboard.press("Enter");
  await eventually("it lies in the yard", around("Hall"), "Yard");
  await note("Moved Hall to Yard").getByRole("button", { name: "Close" }).click();
  await note("Moved Hall to Yard").waitFor({ state: "detached" });

  // In a field the keys are the field's.
  await page.keyboard.press("Control+f");
  await page.keyboard.type("la");
  await page.keyboard.press("Control+z");
  assert.equal(await around("Hall")(), "Yard");
  await page.keyboard.press("Escape");
  await row("Yard").focus();
  await page.keyboard.press("Control+z");
  await eventually("it is back", around("Hall"), "Plant");
});

test("a machine moved in its details comes back by a note that waits for the keyboard", options, async (t) => {
  const { page, farwired, note, lathe, hall } = await withGroups(t);
  await page.getByRole("row", { name: /lathe/ }).click();
  const details = page.getByRole("complementary", { name: "Details" });
  await details.getByLabel("Group", { exact: true }).click();
  await page.getByRole("option", { name: "Yard", exact: true }).click();
  await page.getByRole("row", { name: /mill/ }).click();
  const undo = note("Moved lathe to Yard").getByRole("button", { name: "Undo" });
  await undo.focus();
  await page.waitForTimeout(8000);
  await page.keyboard.press("Enter");
  await eventually("it is back", async () => (await farwired.call("GET", `/connection/${lathe}`)).category_uid, hall);
});

test("a password that is forgotten comes back", options, async (t) => {
  const { page, farwired, note, mill } = await withGroups(t);
  await farwired.call("PUT", `/connection/${mill}/credentials`, { "vnc.password": "not told" });
  await page.getByRole("row", { name: /mill/ }).click();
  const details = page.getByRole("complementary", { name: "Details" });
  await details.getByRole("button", { name: "Forget" }).click();
  await details.getByText("Not stored").waitFor();
  await note("Password of mill forgotten").getByRole("button", { name: "Undo" }).click();
  await details.getByRole("button", { name: "Forget" }).waitFor();
  const { redacted } = await farwired.call("GET", `/connection/${mill}/credentials`);
  assert.deepEqual(redacted, ["vnc.password"]);
});

test("favourites list the machines that are marked", options, async (t) => {
  const { page, farwired, lathe } = await withGroups(t);
  await page.getByRole("row", { name: /lathe/ }).click({ button: "right" });
  await page.getByRole("menuitem", { name: "Add to favourites" }).click();
  const library = page.getByRole("navigation", { name: "Library" });
  await library.getByRole("button", { name: "Favourites 1" }).click();
  await page.getByRole("heading", { name: "Favourites", level: 1 }).waitFor();
  const names = () => page.getByRole("grid").getByRole("row").filter({ hasText: /lathe|mill/ }).count();
  await page.getByRole("row", { name: /lathe/ }).waitFor();
  await eventually("the other one is not", names, 1);
  await shoot(page, "favourites");
  await page.getByRole("row", { name: /lathe/ }).click({ button: "right" });
  await page.getByRole("menuitem", { name: "Remove from favourites" }).click();
  await page.getByText("No favourites yet").waitFor();
  assert.equal((await farwired.call("GET", `/connection/${lathe}`)).favorite, false);
});

test("recent lists the machines that were opened, the newest first", { ...options, skip: skipWithoutMachine }, async (t) => {
  const { page, farwired, sandbox } = await openPage(t);
  const { port, password } = await startMachine(sandbox);
  for (const name of ["lathe", "mill", "press"]) await farwired.save(name, { port, password });
  const used = async (name) => (await farwired.call("GET", "/connections")).find((one) => one.name === name).last_connected;
  let before = 0;
  for (const name of ["mill", "lathe"]) {
    // Times are kept to the second.
    await until("the next second has begun", () => Date.now() / 1000 >= before + 1);
    await page.getByRole("row", { name: new RegExp(name) }).dblclick();
    before = await until(`${name} was opened`, () => used(name));
    await page.getByRole("tab", { name: "Machines" }).click();
  }
  await page.getByRole("navigation", { name: "Library" }).getByRole("button", { name: "Recent" }).click();
  const names = async () => (await page.getByRole("row").allTextContents()).flatMap((text) => /lathe|mill|press/.exec(text)?.[0] ?? []);
  await eventually("they are listed", async () => (await names()).join(), "lathe,mill");
  await shoot(page, "recent");
});

test("a machine is duplicated with everything it says, and the copy is looked at", options, async (t) => {
  const { page, farwired, mill, hall } = await withGroups(t);
  await farwired.call("PUT", `/connection/${mill}`, { tags: ["metal"], notes: "behind the stairs", "vnc.compression": 6 });
  await page.getByRole("row", { name: /mill.*metal/ }).click({ button: "right" });
  await page.getByRole("menuitem", { name: "Duplicate" }).click();
  const copy = await until("there is a copy", async () => {
    const all = await farwired.call("GET", "/connections");
    return all.length === 3 && all.find((one) => one.name.includes("mill") && one.uid !== mill);
  });
  assert.deepEqual([copy.tags, copy.notes, copy.category_uid, copy.settings["vnc.compression"]], [["metal"], "behind the stairs", hall, 6]);
  await page.getByRole("complementary", { name: "Details" }).getByRole("heading", { name: copy.name, exact: true }).waitFor();
});

test("many machines do what is chosen for them, whatever their group says", options, async (t) => {
  const { page, farwired, lathe, mill } = await withGroups(t);
  await page.getByRole("row", { name: /lathe/ }).click();
  await page.getByRole("row", { name: /mill/ }).click({ modifiers: ["Shift"] });
  const details = page.getByRole("complementary", { name: "Details" });
  const colours = details.getByLabel("Colours", { exact: true });
  await eventually("they have the group's colours", () => colours.textContent(), /65,536/);
  await details.getByText("From Hall").waitFor();
  await colours.click();
  await page.getByRole("option", { name: "All", exact: true }).click();
  await shoot(page, "many-inherited");
  await details.getByRole("button", { name: "Review changes" }).click();
  await details.getByRole("row", { name: "Colours 65,536 (16 bits), from Hall All" }).first().waitFor();
  await shoot(page, "many-inherited-review");
  await details.getByRole("button", { name: "Change 2 machines" }).click();
  await page.getByText("Changed 2 machines").waitFor();
  for (const uid of [lathe, mill]) assert.equal((await farwired.call("GET", `/connection/${uid}`)).settings["vnc.colours"], "full");
  await details.getByText("Group says 65,536 (16 bits)").waitFor();
  await details.getByRole("button", { name: "Use it for Colours" }).click();
  await details.getByRole("button", { name: "Review changes" }).click();
  await details.getByRole("button", { name: "Change 2 machines" }).click();
  await eventually("they follow their group", async () => "vnc.colours" in (await farwired.call("GET", `/connection/${mill}`)).settings, false);
});

test("RDP machines are set and sent through another one together", options, async (t) => {
  const { page, farwired } = await openPage(t);
  const group = (await farwired.call("PUT", "/group", { name: "Offices", "rdp.clipboard": false })).group_uid;
  const gate = await farwired.save("gate", { protocol: "SSH", port: 22 });
  const uids = [];
  for (const [name, fields] of [["office-01", { "rdp.codec": "bitmaps" }], ["office-02", {}]]) {
    uids.push(await farwired.save(name, { protocol: "RDP", port: 3389, category_uid: group, ...fields }));
  }
  const said = async () => {
    const all = await Promise.all(uids.map((uid) => farwired.call("GET", `/connection/${uid}`)));
    return all.map(({ settings, via }) => ({ via, ...settings }));
  };
  const before = await said();
  await page.getByRole("row", { name: /office-01/ }).click();
  await page.getByRole("row", { name: /office-02/ }).click({ modifiers: ["Shift"] });
  const details = page.getByRole("complementary", { name: "Details" });
  const field = (name) => details.getByLabel(name, { exact: true }).and(details.locator("[aria-haspopup]"));
  await eventually("their codecs differ", () => field("Codec").textContent(), /Mixed/);
  await eventually("the group's word is shown", () => field("Share the clipboard").textContent(), /No/);
  await details.getByText("From Offices").waitFor();
  for (const [name, option] of [["Goes through", "gate"], ["Codec", "Automatic"], ["Share the clipboard", "Yes"]]) {
    await field(name).click();
    await page.getByRole("option", { name: option, exact: true }).click();
    await eventually(`${name} is chosen`, () => field(name).textContent(), new RegExp(option));
  }
  await shoot(page, "many-rdp");
  await details.getByRole("button", { name: "Review changes" }).click();
  await details.getByRole("heading", { name: "2 machines would change" }).waitFor();
  await shoot(page, "many-rdp-review");
  assert.deepEqual(await said(), before, "nothing is written before it is applied");
  await details.getByRole("button", { name: "Change 2 machines" }).click();
  const after = { via: gate, "rdp.clipboard": true };
  await eventually("both are changed", said, [after, after]);
  await page.getByRole("button", { name: "Undo" }).click();
  await eventually("both are as they were", said, before);
});

test("the report of a test goes to the clipboard without who and where", options, async (t) => {
  const { page, farwired } = await withGroups(t);
  // Nobody listens there.
  const uid = await farwired.save("secret-press", { host: "127.0.0.9", port: 9, category_uid: null });
  await farwired.call("PUT", `/connection/${uid}/credentials`, { "vnc.username": "operator", "vnc.password": "hunter2" });
  await page.getByRole("row", { name: /secret-press/ }).click();
  await page.getByRole("tab", { name: "Test" }).click();
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByRole("button", { name: "Copy report" }).click();
  await page.getByRole("button", { name: "Copied" }).waitFor();
  const report = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(report, /^Farwire connection test\n/);
  assert.match(report, /\nVersion: \d+\.\d+\.\d+/);
  assert.match(report, /\n {2}connect \(Opening the connection\), [\d.]+ ms, FAILED: /);
  assert.doesNotMatch(report, /127\.0\.0\.9|secret-press|operator|hunter2/);
  await shoot(page, "report");
});

test("groups that cannot be read say why, and are read again", options, async (t) => {
  const { page, farwired } = await openPage(t, { isSignedIn: false, expected: /^Failed to load resource/ });
  await farwired.save("press-04", { port: 5901 });
  await farwired.call("PUT", "/group/", { name: "Hall" });
  let isBroken = true;
  const error = { error_code: "DATABASE_ERROR", error_message: "the store is busy", details: [] };
  await page.route("**/groups", (route) => (isBroken ? route.fulfill({ status: 503, json: error }) : route.continue()));
  await page.goto(farwired.link);
  const library = page.getByRole("navigation", { name: "Library" });
  await library.getByText("The groups could not be read").waitFor();
  await shoot(page, "groups-failed");
  isBroken = false;
  await library.getByRole("button", { name: "Try again" }).click();
  await library.getByRole("treeitem", { name: /^Hall/ }).waitFor();
  await library.getByText("The groups could not be read").waitFor({ state: "detached" });
});
