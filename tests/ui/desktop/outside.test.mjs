// A machine's file in a program of the desktop: opened, saved, saved while somebody else changed it, closed.
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { skipWithoutSshd } from "../browser/sshd.mjs";
import { Hand, NEEDED, openPanes } from "./panes.mjs";
import { eventually, skipWithout, until } from "./processes.mjs";

const skip = skipWithout(...NEEDED) || skipWithoutSshd;

test("what is saved in a program of the desktop goes back to the machine", { skip, timeout: 300_000 }, async (t) => {
  const opened = await openPanes(t, "outside", async ({ sandbox, sshd }) => {
    writeFileSync(join(sshd.home, "notes.txt"), "one\n");
    chmodSync(join(sshd.home, "notes.txt"), 0o666);
    chmodSync(sshd.home, 0o777);
    // The desktop's program for texts: it notes what it was asked to open, and adds a line.
    const program = join(sandbox.home, "program");
    writeFileSync(program, `#!/bin/sh\nprintf 'two\\n' >> "$1"\nprintf '%s' "$1" > "${sandbox.home}/asked"\n`, { mode: 0o755 });
    const applications = join(sandbox.env.XDG_DATA_HOME, "applications");
    mkdirSync(applications, { recursive: true });
    const entry = ["[Desktop Entry]", "Type=Application", "Name=Program", `Exec=${program} %f`, "MimeType=text/plain;", "NoDisplay=false"];
    writeFileSync(join(applications, "program.desktop"), `${entry.join("\n")}\n`);
    mkdirSync(sandbox.env.XDG_CONFIG_HOME, { recursive: true });
    writeFileSync(join(sandbox.env.XDG_CONFIG_HOME, "mimeapps.list"), "[Default Applications]\ntext/plain=program.desktop\n");
  });
  const { sandbox, display, app, sshd, files, there, ask } = opened;
  const hand = new Hand(opened);
  const open = async () => {
    await hand.click(await hand.at(there, "row", /^notes/), 3);
    await app.element("menuitem", "Open in the desktop's program");
    await display.shoot("outside-1-menu");
    await app.click("menuitem", "Open in the desktop's program");
  };
  await open();
  const asked = await until("the program was asked", () => existsSync(join(sandbox.home, "asked")) && readFileSync(join(sandbox.home, "asked"), "utf8"));
  assert.ok(asked.startsWith(`${sandbox.home}/farwire-open/`), asked);
  assert.equal(statSync(join(sandbox.home, "farwire-open")).mode & 0o777, 0o700);
  const onMachine = () => sshd.read("notes.txt");
  await eventually("what it wrote is on the machine", onMachine, "one\ntwo\n");
  const state = () => files.script(() => document.querySelector("li.file [role=status]")?.textContent.trim() ?? null);
  await eventually("that is shown", state, /^Saved \d/);
  await display.shoot("outside-2-saved");

  writeFileSync(asked, "mine\n");
  await eventually("another save, too", onMachine, "mine\n");
  writeFileSync(join(sshd.home, "notes.txt"), "theirs\n");
  writeFileSync(asked, "mine again\n");
  await eventually("somebody else's change is not overwritten", state, /^Changed on the machine too/);
  assert.equal(onMachine(), "theirs\n");
  await display.shoot("outside-3-asks");
  await files.click("button", "Overwrite it there");
  await eventually("unless a person says so", onMachine, "mine again\n");
  await eventually("which is shown", state, /^Saved \d/);
  await files.click("button", "Close notes.txt");
  await eventually("it is gone from the list", state, null);
  assert.ok(!existsSync(asked));

  await open();
  await eventually("it is open again", onMachine, "mine again\ntwo\n");
  await eventually("and saved", state, /^Saved \d/);
  for (const { session_id: id } of await ask("GET", "/sessions")) await ask("DELETE", `/session/${id}`);
  await until("nothing of it stays after the session", () => readdirSync(join(sandbox.home, "farwire-open")).length === 0);
});
