// The files of a machine on the page: a real SSH server's, listed, changed, moved both ways.
import assert from "node:assert/strict";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "../desktop/processes.mjs";
import { openPage, shoot } from "./page.mjs";
import { PASSWORD, skipWithoutSshd as skip, startSshd, USER } from "./sshd.mjs";

const NAME = "press-04";
const options = { skip, timeout: 240_000 };

/** Puts files into the account's home: names and contents; a name that ends with a slash is a folder. */
function fill(home, files) {
  const { uid, gid } = statSync(home);
  for (const [name, content] of Object.entries(files)) {
    const path = join(home, name);
    if (name.endsWith("/")) mkdirSync(path, { recursive: true });
    else writeFileSync(path, content);
    chownSync(path, uid, gid);
  }
}

const SOME = {
  "recipes/": "",
  "recipes/press-a.toml": "speed = 4\n",
  "recipes/press-b.toml": "speed = 5\n",
  "spool/": "",
  "relay.toml": "[relay]\nlisten = \"0.0.0.0:7070\"\n",
  "relay.log": "x".repeat(38_000),
  "history-2025.db.zst": "y".repeat(1_400),
  "notes 2.txt": "second\n",
  "notes 10.txt": "tenth\n",
  ".profile": "umask 022\n",
};

/** Saves the server with its password, accepts its key, and opens its files from the machine's menu. */
async function openFiles(t, files = SOME, settings = {}) {
  const opened = await openPage(t);
  const { farwired, page, sandbox } = opened;
  const sshd = await startSshd(t, sandbox, { config: "Subsystem sftp internal-sftp" });
  fill(sshd.home, files);
  const uid = await farwired.save(NAME, { protocol: "SSH", port: sshd.port, "ssh.agent": false, ...settings });
  await farwired.call("PUT", `/connection/${uid}/credentials`, { "ssh.username": USER, "ssh.password": PASSWORD });
  await farwired.call("PUT", "/trust", { host: "127.0.0.1", port: sshd.port, fingerprint: sshd.fingerprint });
  await page.getByRole("row", { name: new RegExp(NAME) }).click({ button: "right" });
  await page.getByRole("menuitem", { name: "Files" }).click();
  const panel = page.getByRole("tabpanel", { name: `Files of ${NAME}` });
  const list = panel.getByRole("grid", { name: `Files on ${NAME}` });
  await list.getByRole("row").nth(1).waitFor({ timeout: 30_000 });
  return { ...opened, sshd, uid, panel, list };
}

/** The row of a file; its name is the first cell. */
const fileRow = (list, name) => list.getByRole("row").filter({ has: list.page().getByRole("gridcell", { name, exact: true }) });
const names = async (list) => (await list.locator("[role=row] > [role=gridcell]:first-child").allTextContents()).map((text) => text.trim());

async function shows(list, expected) {
  await until(`the list is ${expected}`, async () => String(await names(list)) === String(expected), 20_000);
}

/** Puts the keyboard on a file. */
async function pick(list, name) {
  await fileRow(list, name).click();
  await until(`${name} is selected`, async () => (await fileRow(list, name).getAttribute("aria-selected")) === "true");
}

test("a folder is listed, sorted, searched, and left again", options, async (t) => {
  const { page, panel, list } = await openFiles(t);
  const all = ["recipes", "spool", "history-2025.db.zst", "notes 2.txt", "notes 10.txt", "relay.log", "relay.toml"];
  await shows(list, all);
  await panel.getByText("7 items, 1 item hidden").waitFor();
  await shoot(page, "files");
  await list.getByRole("button", { name: "Size" }).click();
  await shows(list, ["recipes", "spool", "notes 10.txt", "notes 2.txt", "relay.toml", "history-2025.db.zst", "relay.log"]);
  await list.getByRole("button", { name: "Size" }).click();
  await until("the largest comes first", async () => (await names(list))[2] === "relay.log");
  await list.locator('[role=columnheader][aria-sort="descending"]').getByText("Size").waitFor();
  await list.getByRole("button", { name: "Name" }).click();
  await panel.getByRole("button", { name: "Show hidden files" }).click();
  await until("the hidden file is there", async () => (await names(list)).includes(".profile"));
  await panel.getByRole("button", { name: "Show hidden files" }).click();
  // The keyboard goes in and out again, and sees where it was.
  await list.focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("Enter");
  await shows(list, ["press-a.toml", "press-b.toml"]);
  await page.keyboard.press("Backspace");
  await shows(list, all);
  await until("where one was is selected", async () => (await fileRow(list, "recipes").getAttribute("aria-selected")) === "true");
  await page.keyboard.press("Control+f");
  await page.keyboard.type("relay");
  await shows(list, ["relay.log", "relay.toml"]);
  await page.keyboard.press("Escape");
  await shows(list, all);
  // A path can be typed; one that is not there is said, and what was shown stays.
  await panel.getByRole("button", { name: "Type a path" }).click();
  await panel.getByLabel(`Path on ${NAME}`).fill("/no/such/folder");
  await page.keyboard.press("Enter");
  await panel.getByRole("alert").getByText("The folder could not be opened").waitFor();
  await shoot(page, "files-problem", { sizes: [{ width: 1280, height: 800 }] });
  await panel.getByLabel(`Path on ${NAME}`).fill("/etc/ssh");
  await page.keyboard.press("Enter");
  await until("the other folder is shown", async () => (await names(list)).includes("sshd_config"));
  await panel.getByRole("button", { name: "Back", exact: true }).click();
  await shows(list, all);
});

test("files are renamed, made, given permissions and deleted", options, async (t) => {
  const { page, panel, list, sshd } = await openFiles(t);
  const there = (name) => existsSync(join(sshd.home, name));
  await pick(list, "relay.toml");
  await page.keyboard.press("F2");
  await page.getByLabel("New name of relay.toml").fill("relay.log");
  await page.keyboard.press("Enter");
  await list.getByText(/could not rename/i).waitFor();
  await page.getByLabel("New name of relay.toml").fill("gateway ä.toml");
  await page.keyboard.press("Enter");
  await until("it has its new name", () => there("gateway ä.toml") && !there("relay.toml"));
  await fileRow(list, "gateway ä.toml").waitFor();

  await panel.getByRole("button", { name: "New folder" }).click();
  await page.getByRole("dialog").getByLabel("Name of the new folder").fill("outbox");
  await page.keyboard.press("Enter");
  await fileRow(list, "outbox").waitFor();
  assert.ok(statSync(join(sshd.home, "outbox")).isDirectory());

  await fileRow(list, "relay.log").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Permissions…" }).click();
  const dialog = page.getByRole("dialog", { name: "Permissions of relay.log" });
  await dialog.getByRole("group", { name: "Others" }).getByRole("checkbox", { name: "Read" }).click();
  await until("the number follows", async () => (await dialog.getByLabel("As a number").inputValue()) === "640");
  await shoot(page, "files-permissions", { sizes: [{ width: 1280, height: 800 }] });
  await dialog.getByRole("button", { name: "Save" }).click();
  await until("they are set", () => (statSync(join(sshd.home, "relay.log")).mode & 0o777) === 0o640);
  await fileRow(list, "relay.log").getByText("-rw-r-----").waitFor();

  // Two of them, one a folder with files in it.
  await pick(list, "recipes");
  await fileRow(list, "notes 2.txt").click({ modifiers: ["Control"] });
  await page.keyboard.press("Delete");
  const question = page.getByRole("alertdialog", { name: "Delete 2 items?" });
  await question.getByText("3 files and 1 folder are deleted. Nothing brings them back.").waitFor();
  await shoot(page, "files-delete", { sizes: [{ width: 1280, height: 800 }] });
  await question.getByRole("button", { name: "Delete" }).click();
  await question.waitFor({ state: "detached" });
  assert.ok(!there("recipes") && !there("notes 2.txt") && there("notes 10.txt"));
  await until("they are off the list", async () => !(await names(list)).includes("recipes"));
});

test("what is deleted goes to the trash folder, or is gone for good", options, async (t) => {
  const { page, list, sshd } = await openFiles(t, { "recipes/": "", "recipes/press-a.toml": "speed = 4\n", "plain.txt": "x" }, { "ssh.trash": ".trash" });
  await pick(list, "recipes");
  await page.keyboard.press("Delete");
  const question = page.getByRole("alertdialog", { name: "Delete recipes?" });
  await question.getByText("Moved into the machine’s folder .trash. Nothing empties it.").waitFor();
  await shoot(page, "files-trash", { sizes: [{ width: 1280, height: 800 }] });
  // What loses nothing is what Enter does.
  await until("it has the focus", () => question.getByRole("button", { name: "Move to trash" }).evaluate((button) => button === document.activeElement));
  await page.keyboard.press("Enter");
  await question.waitFor({ state: "detached" });
  assert.equal(sshd.read(".trash/recipes/press-a.toml"), "speed = 4\n");
  assert.equal(existsSync(join(sshd.home, "recipes")), false);
  await until("it is off the list", async () => !(await names(list)).includes("recipes"));
  await pick(list, "plain.txt");
  await page.keyboard.press("Delete");
  const other = page.getByRole("alertdialog", { name: "Delete plain.txt?" });
  await other.getByRole("button", { name: "Delete for good" }).click();
  await other.getByText("1 file and 0 folders are deleted. Nothing brings them back.").waitFor();
  await other.getByRole("button", { name: "Delete", exact: true }).click();
  await other.waitFor({ state: "detached" });
  assert.equal(existsSync(join(sshd.home, "plain.txt")), false);
  assert.equal(existsSync(join(sshd.home, ".trash/plain.txt")), false);
});

test("names that are no text are shown, renamed and deleted", options, async (t) => {
  const { page, list, sshd } = await openFiles(t, { "plain.txt": "x" });
  const { uid, gid } = statSync(sshd.home);
  const odd = Buffer.concat([Buffer.from(`${sshd.home}/odd-`), Buffer.from([0xff, 0xfe])]);
  writeFileSync(odd, "odd");
  chownSync(odd, uid, gid);
  await list.focus();
  await page.keyboard.press("F5");
  await pick(list, "odd-\uFFFD\uFFFD");
  await page.keyboard.press("F2");
  await page.getByLabel(/^New name of odd-/).fill("even");
  await page.keyboard.press("Enter");
  await until("it has its new name", () => sshd.read("even") === "odd");
  // Its field is gone, too.
  await list.getByText("even", { exact: true }).waitFor();
  const again = Buffer.concat([Buffer.from(`${sshd.home}/gone-`), Buffer.from([0xff])]);
  writeFileSync(again, "x");
  chownSync(again, uid, gid);
  await list.focus();
  await page.keyboard.press("F5");
  await pick(list, "gone-\uFFFD");
  await page.keyboard.press("Delete");
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
  await until("it is gone", () => !existsSync(again));
});

test("files go up and down, and one that is there already is asked about", options, async (t) => {
  const { page, panel, list, sshd } = await openFiles(t);
  const queue = panel.getByRole("region", { name: "Transfers" });
  const choose = async (name, content) => {
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), panel.getByRole("button", { name: "Upload" }).click()]);
    await chooser.setFiles({ name, mimeType: "text/plain", buffer: Buffer.from(content) });
  };
  await choose("fresh.bin", "z".repeat(300_000));
  await until("it is there, whole", () => sshd.read("fresh.bin")?.length === 300_000);
  await fileRow(list, "fresh.bin").waitFor();
  await queue.getByRole("listitem", { name: /fresh\.bin/ }).getByText("Done, 300 kB").waitFor();

  const [saved] = await Promise.all([
    page.waitForEvent("download"),
    pick(list, "relay.log").then(() => panel.getByRole("button", { name: "Download" }).click()),
  ]);
  assert.equal(saved.suggestedFilename(), "relay.log");
  assert.equal(readFileSync(await saved.path(), "utf8"), SOME["relay.log"]);

  // Something is there: it stays until somebody says what happens.
  await choose("notes 2.txt", "new\n");
  const asked = queue.getByRole("listitem", { name: /notes 2\.txt/ });
  await asked.getByText("There already").waitFor();
  assert.equal(sshd.read("notes 2.txt"), "second\n");
  await shoot(page, "files-transfers");
  await asked.getByRole("button", { name: "Decide about notes 2.txt" }).click();
  await page.getByRole("menuitem", { name: "Keep both" }).click();
  await fileRow(list, "notes 2 (2).txt").waitFor();
  assert.deepEqual([sshd.read("notes 2.txt"), sshd.read("notes 2 (2).txt")], ["second\n", "new\n"]);
  await choose("notes 10.txt", "eleventh\n");
  const other = queue.getByRole("listitem", { name: /notes 10\.txt/ });
  await other.getByRole("button", { name: "Decide about notes 10.txt" }).click();
  await page.getByRole("menuitem", { name: "Overwrite", exact: true }).click();
  await until("it is replaced", () => sshd.read("notes 10.txt") === "eleventh\n");
  assert.deepEqual(readdirSync(sshd.home).filter((name) => name.includes("farwire")), [], "nothing half is left");
  await queue.getByRole("button", { name: "Clear done" }).click();
  await until("the list is empty", async () => (await queue.getByRole("listitem").count()) === 0);

  // What is dropped is uploaded too.
  const data = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["dropped\n"], "dropped.txt"));
    return transfer;
  });
  await list.dispatchEvent("dragover", { dataTransfer: data });
  await list.dispatchEvent("drop", { dataTransfer: data });
  await until("it is there", () => sshd.read("dropped.txt") === "dropped\n");
});

test("copies of the program are followed, asked about, paused and forgotten", options, async (t) => {
  const { page, panel, farwired, sandbox, sshd, uid } = await openFiles(t);
  const queue = panel.getByRole("region", { name: "Transfers" });
  const source = join(sandbox.home, "source");
  mkdirSync(source);
  writeFileSync(join(source, "relay.toml"), "replaced\n");
  const to = { uid, path: sshd.home };
  await farwired.call("PUT", "/transfer", { from: { path: join(source, "relay.toml") }, to: { uid, path: `${sshd.home}/` } });
  const row = queue.getByRole("listitem", { name: /relay\.toml/ });
  await row.getByText("There already").waitFor({ timeout: 30_000 });
  await row.getByRole("button", { name: "Decide about relay.toml" }).click();
  await page.getByRole("menuitem", { name: "Overwrite", exact: true }).click();
  await row.getByText(/^Done/).waitFor({ timeout: 30_000 });
  assert.equal(sshd.read("relay.toml"), "replaced\n");

  // One that cannot be: it says why, and can be cancelled.
  await farwired.call("PUT", "/transfer", { from: { path: join(source, "missing") }, to: { ...to, path: `${sshd.home}/missing` } });
  const failed = queue.getByRole("listitem", { name: /missing/ });
  await failed.getByText("Failed").waitFor({ timeout: 30_000 });
  await failed.getByText(/could not look at/).waitFor();
  await failed.getByRole("button", { name: "Cancel missing" }).click();
  await failed.getByText("Cancelled").waitFor({ timeout: 30_000 });
  await queue.getByRole("button", { name: "Clear done" }).click();
  await until("nothing is kept", async () => (await farwired.call("GET", "/transfers")).length === 0);

  // It goes on being told on the machines' page.
  await farwired.call("PUT", "/transfer", { from: { path: join(source, "relay.toml") }, to: { uid, path: `${sshd.home}/again.toml` } });
  await until("it is copied", () => sshd.read("again.toml") === "replaced\n", 30_000);
  await page.getByRole("tab", { name: "Machines" }).click();
  await page.getByRole("button", { name: "1 transfer" }).click();
  await page.getByRole("listitem", { name: "again.toml to press-04" }).waitFor();
  await shoot(page, "files-status", { sizes: [{ width: 1280, height: 800 }] });
});

test("a text is looked into and changed, but not over somebody else's change", options, async (t) => {
  const { page, list, sshd } = await openFiles(t, {
    "dos.ini": "a=1\r\nb=2\r\n",
    "dot.png": Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64"),
    "raw.bin": Buffer.from([0, 1, 2, 255]),
  });
  chmodSync(join(sshd.home, "dos.ini"), 0o640);
  await fileRow(list, "dos.ini").dblclick();
  const dialog = page.getByRole("dialog", { name: "dos.ini" });
  const text = dialog.getByLabel("Text of dos.ini");
  await text.fill("a=1\nb=3\nc=4\n");
  await shoot(page, "files-text", { sizes: [{ width: 1280, height: 800 }] });
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "detached" });
  assert.equal(sshd.read("dos.ini"), "a=1\r\nb=3\r\nc=4\r\n");
  assert.equal(statSync(join(sshd.home, "dos.ini")).mode & 0o777, 0o640);

  await fileRow(list, "dos.ini").dblclick();
  await text.fill("mine\n");
  writeFileSync(join(sshd.home, "dos.ini"), "theirs\n");
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.getByText(/was changed meanwhile/).waitFor();
  assert.equal(sshd.read("dos.ini"), "theirs\n");
  await dialog.getByRole("button", { name: "Close" }).click();
  await dialog.getByRole("button", { name: "Close without saving" }).click();
  await dialog.waitFor({ state: "detached" });

  await fileRow(list, "dot.png").dblclick();
  await page.getByRole("img", { name: "Picture dot.png" }).waitFor();
  await page.keyboard.press("Escape");
  await fileRow(list, "raw.bin").dblclick();
  await page.getByText("This is neither text nor a picture").waitFor();
});

test("a folder with 10,000 files scrolls and sorts, and deleting it can be stopped", options, async (t) => {
  const { page, panel, list, sshd } = await openFiles(t, { "many/": "" });
  const { uid, gid } = statSync(sshd.home);
  for (let number = 0; number < 10_000; number += 1) {
    const path = join(sshd.home, "many", `reading ${number}.csv`);
    writeFileSync(path, "x".repeat(number % 97));
    chownSync(path, uid, gid);
  }
  await fileRow(list, "many").dblclick();
  await panel.getByText(/^10\D?000 items$/).waitFor({ timeout: 30_000 });
  assert.ok((await list.getByRole("row").count()) < 200, "those in sight alone are drawn");
  await list.focus();
  await page.keyboard.press("End");
  await fileRow(list, "reading 9999.csv").waitFor();
  await list.getByRole("button", { name: "Name" }).click();
  await list.focus();
  await page.keyboard.press("Home");
  await until("the order is turned round", async () => (await names(list))[0] === "reading 9999.csv");
  await shoot(page, "files-many", { sizes: [{ width: 1280, height: 800 }], schemes: ["light"] });
  await page.keyboard.press("Backspace");
  await pick(list, "many");
  await page.keyboard.press("Delete");
  const question = page.getByRole("alertdialog", { name: "Delete many?" });
  await question.getByText(/^10\D?000 files and 1 folder are deleted\./).waitFor({ timeout: 30_000 });
  // Stopped on the way: what is left is said, and is still there.
  await question.getByRole("button", { name: "Delete" }).click();
  await question.getByRole("button", { name: "Stop" }).click();
  await question.getByText(/^Stopped: [\d\D]+ of 10\D?001 were deleted$/).waitFor({ timeout: 30_000 });
  await question.getByRole("button", { name: "Close" }).click();
  await question.waitFor({ state: "detached" });
  assert.ok(readdirSync(join(sshd.home, "many")).length > 0);
});
