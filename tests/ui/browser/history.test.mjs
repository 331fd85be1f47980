// The way back: backups, and the history of changes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../desktop/processes.mjs";
import { goToSettings, openPage, shoot, skip } from "./page.mjs";

const options = { skip, timeout: 300_000 };

const names = async (farwired) => (await farwired.call("GET", "/connections")).map(({ name }) => name).sort();

async function isSaved(farwired, wanted) {
  await eventually("what is saved", () => names(farwired), wanted);
}

test("a backup is made and gone back to, and that is taken back too", options, async (t) => {
  const { page, farwired } = await openPage(t);
  await goToSettings(page, "Backups");
  await page.getByText("No backups yet").waitFor();
  await shoot(page, "backups-none");
  const uid = await farwired.save("press-04", { port: 5901, password: "not told" });
  await page.getByRole("button", { name: "Back up now" }).click();
  const restore = page.getByRole("button", { name: /^Restore the backup of / });
  await restore.waitFor();

  await farwired.call("DELETE", `/connection/${uid}`);
  await farwired.save("lathe-01", { port: 5902 });
  await restore.click();
  const dialog = page.getByRole("alertdialog", { name: /^Go back to / });
  await dialog.getByText("The present state is backed up first, so this can be undone.").waitFor();
  await eventually("the safe answer has the focus", () => page.evaluate(() => document.activeElement.textContent), "Cancel");
  await shoot(page, "backups-restore");
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
  assert.deepEqual(await names(farwired), ["lathe-01"], "nothing happens without the person");

  await restore.click();
  await dialog.getByRole("button", { name: "Restore" }).click();
  await page.getByText(/^Backup restored: 3 things are different now/).waitFor();
  await isSaved(farwired, ["press-04"]);
  const stored = await farwired.call("GET", `/connection/${uid}/credentials`);
  assert.deepEqual(stored.redacted, ["vnc.password"], "the password is back");
  await eventually("the backup made before is listed", () => restore.count(), 2);
  await shoot(page, "backups");
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Everything is as it was before the restore").waitFor();
  await isSaved(farwired, ["lathe-01"]);
});

test("changes are listed with what they changed, and are taken back", options, async (t) => {
  const { page, farwired } = await openPage(t);
  await goToSettings(page, "History");
  await page.getByText("Nothing was changed yet").waitFor();
  const uid = await farwired.save("press-04", { port: 5901, password: "not told" });
  const group = await farwired.call("PUT", "/group/", { name: "Hall 2" });
  const asRun = { authorization: `Bearer ${farwired.token}`, "content-type": "application/json", "farwire-run": "move machines" };
  const body = JSON.stringify({ category_uid: group.group_uid, port: 5907, tags: ["hall-2"] });
  assert.equal((await fetch(`${farwired.url}/connection/${uid}`, { method: "PUT", headers: asRun, body })).status, 200);
  const list = page.getByRole("list", { name: "History" });
  const change = (name) => list.getByRole("button", { name });
  await change("Added press-04").waitFor();
  await shoot(page, "history");

  await change(/Stored credentials of press-04/).click();
  await list.getByRole("row", { name: "vnc.password not shown" }).waitFor();
  assert.ok(!(await page.content()).includes("not told"));
  await change(/Changed press-04.*Run move machines/).click();
  await list.getByRole("row", { name: "Port 5901 5907" }).waitFor();
  await list.getByRole("row", { name: "Group – Hall 2" }).waitFor();
  await shoot(page, "history-details");

  await farwired.call("PUT", `/connection/${uid}`, { port: 5908 });
  await eventually("the newer change is listed", () => change(/^Changed press-04/).count(), 2);
  await list.getByRole("button", { name: "Undo", exact: true }).click();
  await list.getByText(/press-04 changed again since, so nothing was taken back/).waitFor();
  await shoot(page, "history-refused");
  await list.getByRole("button", { name: "Bring back" }).click();
  await page.getByText("Brought back: 1 thing is different now").waitFor();
  assert.equal((await farwired.call("GET", `/connection/${uid}`)).port, 5907);

  await change(/Added group Hall 2/).click();
  await list.getByRole("button", { name: "Undo", exact: true }).click();
  await page.getByText(/^Taken back: /).waitFor();
  await change(/Added group Hall 2.*Taken back/).waitFor();
  assert.deepEqual(await farwired.call("GET", "/groups"), []);
  assert.equal((await farwired.call("GET", `/connection/${uid}`)).category_uid, null, "its machine stays");
});
