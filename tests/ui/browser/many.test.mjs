// Several machines at once: selected, changed, moved, deleted, and all of it taken back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, until } from "../desktop/processes.mjs";
import { openPage, shoot, skip } from "./page.mjs";

const options = { skip, timeout: 300_000 };

async function withMachines(t) {
  const { page, farwired } = await openPage(t);
  const { group_uid: group } = await farwired.call("PUT", "/group/", { name: "Hall 2" });
  for (const [name, fields] of [
    ["lathe", { port: 5901, tags: ["hall", "old"] }],
    ["mill", { port: 5901, tags: ["hall"], category_uid: group }],
    ["press", { port: 5902, tags: ["hall"] }],
    ["saw", { port: 5901 }],
  ]) {
    await farwired.save(name, fields);
  }
  await page.getByRole("row", { name: /saw/ }).waitFor();
  const machine = (name) => page.getByRole("row", { name: new RegExp(`^.*${name}`) }).first();
  const saved = async () =>
    Object.fromEntries((await farwired.call("GET", "/connections")).map((one) => [one.name, one]));
  const selected = (count) => eventually("rows are selected", () => page.getByRole("row", { selected: true }).count(), count);
  return { page, farwired, group, machine, saved, selected };
}

test("what differs is mixed, and nothing changes before it was reviewed", options, async (t) => {
  const { page, machine, saved, selected } = await withMachines(t);
  await machine("lathe").click();
  await machine("press").click({ modifiers: ["Shift"] });
  await selected(3);
  const details = page.getByRole("complementary", { name: "Details" });
  await details.getByRole("heading", { name: "3 machines" }).waitFor();
  await eventually("the ports differ", () => details.getByLabel("Port").getAttribute("placeholder"), "Mixed");
  await details.getByText("old, on 1").waitFor();
  const nothingToReview = () => eventually("there is nothing to review", () => details.getByRole("button", { name: "Review changes" }).isDisabled(), true);
  await nothingToReview();
  await shoot(page, "many");

  await details.getByLabel("Port").fill("99999");
  await details.getByText("A port is a number from 1 to 65535").waitFor();
  await nothingToReview();
  await details.getByLabel("Port").fill("5901");
  await details.getByRole("button", { name: "Remove tag old from all" }).click();
  await details.getByRole("button", { name: "Add a tag to all" }).click();
  await details.getByRole("combobox", { name: "Add a tag to all" }).fill("metal");
  await page.keyboard.press("Enter");
  await details.getByRole("button", { name: "Review changes" }).click();
  await details.getByRole("heading", { name: "3 machines would change" }).waitFor();
  const lathe = details.locator("section", { hasText: "lathe" });
  await lathe.getByText("hall, old").waitFor();
  await lathe.getByText("hall, metal").waitFor();
  await shoot(page, "many-review");
  assert.deepEqual((await saved()).lathe.tags, ["hall", "old"]);

  await details.getByRole("button", { name: "Change 3 machines" }).click();
  await page.getByText("Changed 3 machines").waitFor();
  let now = await saved();
  assert.deepEqual([now.lathe.tags, now.mill.tags, now.press.tags, now.press.port], [["hall", "metal"], ["hall", "metal"], ["hall", "metal"], 5901]);
  assert.equal(now.saw.tags.length, 0);
  await page.getByRole("button", { name: "Undo" }).click();
  now = await until("all of it is taken back", async () => {
    const now = await saved();
    return now.lathe.tags.includes("old") && now.press.port === 5902 ? now : null;
  });
  assert.deepEqual(now.mill.tags, ["hall"]);
});

test("machines are chosen by keyboard and dragged into a group together", options, async (t) => {
  const { page, group, machine, saved, selected } = await withMachines(t);
  await machine("lathe").click();
  await page.keyboard.press("Control+a");
  await selected(4);
  await page.keyboard.press("Home");
  await selected(1);
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("Shift+ArrowDown");
  await selected(3);
  await page.keyboard.press("Shift+ArrowUp");
  await selected(2);
  await machine("saw").click({ modifiers: ["Control"] });
  await selected(3);
  await machine("mill").click({ modifiers: ["Control"] });
  await selected(2);

  const tree = page.getByRole("tree", { name: "Groups" });
  await machine("saw").dragTo(tree.getByRole("treeitem", { name: /^Hall 2/ }), { steps: 5 });
  await page.getByText("Moved 2 machines to Hall 2").waitFor();
  const now = await saved();
  assert.deepEqual([now.lathe.category_uid, now.saw.category_uid, now.press.category_uid], [group, group, null]);
  await shoot(page, "many-moved");

  await page.getByRole("button", { name: /^Without a group/ }).click();
  await page.getByRole("row", { name: /press/ }).waitFor();
  await eventually("the lathe is not there", () => page.getByRole("row", { name: /lathe/ }).count(), 0);
  await page.getByRole("button", { name: /^All machines/ }).click();
  await machine("mill").dragTo(page.getByRole("button", { name: /^Without a group/ }), { steps: 5 });
  await eventually("the mill left its group", async () => (await saved()).mill.category_uid, null);
});

test("several are deleted and come back together", options, async (t) => {
  const { page, machine, saved } = await withMachines(t);
  await machine("lathe").click();
  await machine("press").click({ modifiers: ["Shift"] });
  await machine("mill").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Connect 3" }).waitFor();
  await shoot(page, "many-menu");
  await page.keyboard.press("Escape");
  await page.getByRole("menu").waitFor({ state: "detached" });
  await page.keyboard.press("Delete");
  await page.getByText("Deleted 3 machines").waitFor();
  assert.deepEqual(Object.keys(await saved()), ["saw"]);
  await page.getByRole("button", { name: "Undo" }).click();
  await eventually("they are back", async () => Object.keys(await saved()).length, 4);
});
