// What machines take over from their groups, and credentials that many of them share.
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, until } from "../desktop/processes.mjs";
import { goToSettings, openPage, shoot, skip } from "./page.mjs";

const options = { skip, timeout: 300_000 };

async function withGroups(t) {
  const { page, farwired } = await openPage(t);
  const { credential_uid: operators } = await farwired.call("PUT", "/credential", { name: "Line operators", username: "op", password: "secret" });
  const { group_uid: plant } = await farwired.call("PUT", "/group/", { name: "Plant north", credential: operators, "vnc.colours": "high" });
  const { group_uid: hall } = await farwired.call("PUT", "/group/", { name: "Hall 2", parent_uid: plant, "vnc.view_only": true });
  const uid = await farwired.save("press-04", { category_uid: hall, host: "10.20.4.31" });
  await page.getByRole("row", { name: /press-04/ }).click();
  const details = page.getByRole("complementary", { name: "Details" });
  const saved = () => farwired.call("GET", `/connection/${uid}`);
  return { page, farwired, details, saved, operators, plant, hall };
}

async function choose(page, details, label, option) {
  await details.getByLabel(label, { exact: true }).click();
  await page.getByRole("option", { name: option, exact: true }).click();
}

test("each field says which group it comes from, and can say something else", options, async (t) => {
  const { page, details, saved } = await withGroups(t);
  const credentials = details.getByLabel("Credentials", { exact: true });
  await eventually("it has the group's credentials", () => credentials.textContent(), /Line operators/);
  await details.getByText("From Plant north").waitFor();
  await eventually("its own are not asked for", () => details.getByLabel("User name").count(), 0);
  await shoot(page, "inherited-credentials");

  await details.getByRole("tab", { name: "Display" }).click();
  await details.getByText("From Hall 2").waitFor();
  const colours = () => details.getByLabel("Colours", { exact: true }).textContent();
  await eventually("it begins observing", () => details.getByRole("switch", { name: "Begin observing" }).isChecked(), true);
  await eventually("it has the group's colours", colours, /65,536/);
  await shoot(page, "inherited-display");
  // The usual value is a word of its own where a group says another one.
  await details.getByRole("switch", { name: "Begin observing" }).click();
  await details.getByText("Group says on").waitFor();
  const setting = (name) => async () => (await saved()).settings[name];
  await eventually("it is saved", setting("vnc.view_only"), false);
  await choose(page, details, "Colours", "All");
  await eventually("it is saved", setting("vnc.colours"), "full");
  await shoot(page, "overridden-display");
  await details.getByRole("button", { name: "Use it for Colours" }).click();
  await eventually("it is the group's again", setting("vnc.colours"), undefined);
  await eventually("the group's colours are shown", colours, /65,536/);
  // Where no group says anything, the usual value needs no word.
  await details.getByRole("switch", { name: "Resize to the window" }).click();
  await eventually("it is saved", setting("vnc.resize"), true);
  await details.getByRole("switch", { name: "Resize to the window" }).click();
  await until("nothing is left of it", async () => !("vnc.resize" in (await saved()).settings));
});

test("a group gives settings and credentials, and takes its word back", options, async (t) => {
  const { page, farwired, details, hall } = await withGroups(t);
  await page.getByRole("treeitem", { name: /^Hall 2/ }).click();
  const group = async () => (await farwired.call("GET", "/groups")).find((one) => one.group_uid === hall);
  await details.getByRole("heading", { name: "Hall 2" }).waitFor();
  await details.getByText("From Plant north").first().waitFor();
  await shoot(page, "group-details");
  await choose(page, details, "Colours", "256 (8 bits)");
  await until("it is saved", async () => (await group()).settings["vnc.colours"] === "low");
  await details.getByText("Group says 65,536 (16 bits)").waitFor();
  await choose(page, details, "Credentials", "New credentials…");
  const dialog = page.getByRole("dialog", { name: "New shared credentials" });
  await dialog.getByLabel("Name", { exact: true }).fill("Hall keys");
  await dialog.getByLabel("User name").fill("hall");
  await dialog.getByLabel("Password").fill("hunter2");
  await shoot(page, "new-shared");
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "hidden" });
  const chosen = await until("they are chosen", async () => {
    const { credential } = await group();
    const all = await farwired.call("GET", "/credentials");
    return all.find((one) => one.credential_uid === credential && one.name === "Hall keys" && one.used_by === 1);
  });
  assert.deepEqual(chosen.secrets, ["password"]);
  await details.getByRole("button", { name: "Undo" }).click();
  await until("they are the other group's again", async () => (await group()).credential === null);
});

test("a machine moved to another address asks before it sends shared credentials there", options, async (t) => {
  const { page, details, farwired, saved, operators } = await withGroups(t);
  await details.getByRole("button", { name: "Override Credentials" }).click();
  await until("they are its own choice", async () => (await saved()).credential === operators);
  await details.getByText("Group says Line operators").waitFor();
  await details.getByLabel("Address").fill("10.20.4.99");
  await details.getByLabel("Address").blur();
  await details.getByText("Chosen for the address it had before").waitFor();
  await details.getByRole("button", { name: "Use here too" }).click();
  const newest = async () => (await farwired.call("GET", "/history?limit=1"))[0].id;
  const told = await until("the new place is said", async () => {
    const { changes } = await farwired.call("GET", `/history/${await newest()}`);
    return changes[0].fields.find(({ key }) => key === "credential_for");
  });
  assert.match(told.to, /10\.20\.4\.99/);
  await details.getByText("Chosen for the address it had before").waitFor({ state: "hidden" });
});

test("shared credentials are changed once for all, and not deleted under those who use them", options, async (t) => {
  const { page, farwired } = await withGroups(t);
  await goToSettings(page, "Key store");
  const list = page.getByRole("list", { name: "Shared credentials" });
  await list.getByText("Used by 1 machine").waitFor();
  await shoot(page, "shared-list");
  await list.getByRole("button", { name: "Change Line operators" }).click();
  const dialog = page.getByRole("dialog", { name: "Change Line operators" });
  await dialog.getByLabel("User name").fill("operator");
  await dialog.getByRole("button", { name: "Save" }).click();
  await list.getByText("operator", { exact: true }).waitFor();
  await list.getByRole("button", { name: "Delete Line operators" }).click();
  await page.getByText(/Line operators was not deleted: .*Plant north/).waitFor();
  await page.getByRole("button", { name: "New credentials…" }).click();
  const made = page.getByRole("dialog", { name: "New shared credentials" });
  await made.getByLabel("Name", { exact: true }).fill("spare");
  await made.getByRole("button", { name: "Save" }).click();
  await list.getByText("spare").waitFor();
  await list.getByRole("button", { name: "Delete spare" }).click();
  await page.getByText("Deleted spare").waitFor();
  assert.equal((await farwired.call("GET", "/credentials")).length, 1);
  await page.getByRole("button", { name: "Undo" }).click();
  await list.getByText("spare").waitFor();
});
