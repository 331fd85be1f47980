// Files between the window and the desktop by the mouse: out of a machine's pane, from one pane to the other, and in from the desktop.
import assert from "node:assert/strict";
import { mkdirSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { skipWithoutSshd } from "../browser/sshd.mjs";
import { Hand, NEEDED, openPanes, skipWithoutOther, startOther } from "./panes.mjs";
import { eventually, skipWithout, until } from "./processes.mjs";

const skip = skipWithout(...NEEDED) || skipWithoutSshd || skipWithoutOther;
const read = (path) => (existsSync(path) ? readFileSync(path, "utf8") : null);
const says = (other, words) => until(`it says ${words}`, () => other.said().includes(words));

test("a machine's files are dragged to a folder of the desktop and to the other pane", { skip, timeout: 300_000 }, async (t) => {
  const opened = await openPanes(t, "drag-out", ({ sshd }) => {
    mkdirSync(join(sshd.home, "plans"));
    writeFileSync(join(sshd.home, "plans/hall.txt"), "a plan\n");
    writeFileSync(join(sshd.home, "räum%20 notes.txt"), "a note\n");
    writeFileSync(join(sshd.home, "other.txt"), "another\n");
  });
  const { sandbox, display, app, folder, here, there, ask } = opened;
  const hand = new Hand(opened);
  const selected = (pane) => pane.script(() => [...document.querySelectorAll("[data-path][aria-selected=true]")].map((row) => row.textContent.trim()).join(";"));
  const transfers = async () => (await ask("GET", "/transfers")).length;

  await t.test("several at once to a folder", async () => {
    const other = await startOther(sandbox, "take", `file://${encodeURI(folder)}/{name}`);
    await there.click("row", /^plans/);
    await display.press("shift+Down", "shift+Down");
    await eventually("all are selected", () => selected(app), /plans.*other.*räum/s);
    await hand.grab(await hand.at(there, "row", /^räum/));
    await hand.over("it takes what is dragged", other.at, () => other.said().includes("over"));
    await display.shoot("drag-out-1-over");
    await hand.letGo();
    await says(other, "answer S");
    assert.match(other.said(), /^name plans$/m, "the first is offered");
    await eventually("a file is there", () => read(join(folder, "räum%20 notes.txt")), "a note\n");
    await eventually("so is the other", () => read(join(folder, "other.txt")), "another\n");
    await eventually("and the folder", () => read(join(folder, "plans/hall.txt")), "a plan\n");
    await sandbox.end(other.program);
  });

  const before = await transfers();
  for (const [what, address] of [["another computer", "file://elsewhere/tmp/{name}"], ["no folder", "file:///nowhere/{name}"], ["a way around", "file:///tmp/../tmp/{name}"]]) {
    await t.test(`nothing is saved to ${what}`, async () => {
      const other = await startOther(sandbox, "take", address);
      await hand.grab(await hand.at(there, "row", /^other/));
      await hand.over("it takes what is dragged", other.at, () => other.said().includes("over"));
      await hand.letGo();
      await says(other, "answer E");
      await sandbox.end(other.program);
    });
  }
  await t.test("whoever asks before it is let go gets nothing", async () => {
    const other = await startOther(sandbox, "take", `early:file://${encodeURI(folder)}/{name}`);
    await hand.grab(await hand.at(there, "row", /^other/));
    await hand.over("it has asked", other.at, () => other.said().includes("answer E"));
    await display.press("Escape");
    await hand.letGo();
    await sandbox.end(other.program);
  });

  await t.test("where nobody knows what to do, that is said", async () => {
    const mark = () => app.script(() => document.querySelector("[data-drop]") !== null);
    await hand.grab(await hand.at(there, "row", /^other/));
    await hand.over("it is dragged", await hand.at(here, "row", /^desk/), mark);
    await hand.over("a place outside", [1340, 840], async () => !(await mark()));
    await hand.letGo();
    await app.element("status", /cannot be dropped there/);
    assert.equal(await transfers(), before, "nothing else was copied");
  });

  await t.test("to the other pane, into a folder of it", async () => {
    await hand.click(await hand.at(there, "row", /^plans/));
    await eventually("a click does what it did before", () => selected(app), /^plans/);
    const target = await hand.at(here, "row", /^desk/);
    await hand.grab(await hand.at(there, "row", /^other/));
    const isTarget = () => app.script(() => document.querySelector("[data-drop]")?.textContent ?? "");
    await hand.over("the folder would take it", target, async () => /desk/.test(await isTarget()));
    await display.shoot("drag-out-2-pane");
    await hand.letGo();
    await eventually("one more is copied", transfers, before + 1);
    const targets = (await ask("GET", "/transfers")).map(({ to }) => to.display_path);
    assert.deepEqual(targets.filter((path) => path === join(folder, "other.txt")).length, 2, targets.join());
    await eventually("nothing is marked any more", isTarget, "");
  });
});

test("a file of the desktop is dropped on the machine's pane", { skip, timeout: 300_000 }, async (t) => {
  const opened = await openPanes(t, "drag-in", ({ sshd, folder }) => {
    mkdirSync(join(sshd.home, "plans"));
    // Its account writes there.
    writeFileSync(join(folder, "räum plan.txt"), "from the desktop\n");
  });
  const { sandbox, display, sshd, folder, there, app } = opened;
  const hand = new Hand(opened);
  const other = await startOther(sandbox, "give", join(folder, "räum plan.txt"));
  const target = await hand.at(there, "columnheader", /^Name/);
  await hand.grab(other.at);
  const isOver = () => app.script(() => document.querySelector(".area.over") !== null);
  await hand.over("the pane would take it", [target[0], target[1] + 200], isOver);
  await display.shoot("drag-in-1-over");
  await hand.letGo();
  await eventually("it is there", () => sshd.read("räum plan.txt"), "from the desktop\n");
  await there.element("row", /^räum plan/);
});
