// A shell on the page: a real one, that is typed into and read.
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, until } from "../desktop/processes.mjs";
import { shoot } from "./page.mjs";
import { lines, NAME, openBoth, openShell, pane, prints, saveShell, shows } from "./shell.mjs";
import { PASSWORD, skipWithoutSshd as skip, USER } from "./sshd.mjs";

const options = { skip, timeout: 300_000 };

test("what is typed reaches the shell, and what it prints is seen", options, async (t) => {
  const { page, sshd, farwired } = await openShell(t);
  await page.keyboard.type("echo typed on the page > made; cat made | tr a-z A-Z\n");
  await shows(page, "TYPED ON THE PAGE");
  assert.equal(sshd.read("made"), "typed on the page\n");
  await page.keyboard.type("printf '\\303\\244\\303\\266 \\342\\202\\254 \\360\\237\\230\\200 \\033[31mred\\033[0m\\n'; stty size > size\n");
  await shows(page, "äö € 😀 red");
  await shoot(page, "terminal", { schemes: ["dark"] });
  // The shell has the size that is seen.
  const [rows, columns] = (await until("the size is written", () => sshd.read("size"))).trim().split(" ").map(Number);
  assert.ok(rows > 24 && columns > 80, `${rows} x ${columns}`);
  await page.setViewportSize({ width: 900, height: 600 });
  await until("the shell is told the new size", async () => {
    await page.keyboard.type("stty size > size\n");
    const [, now] = sshd.read("size").trim().split(" ").map(Number);
    return now < columns;
  });
  // Ctrl+C is the shell's, and so are the arrows.
  // A shell that is about to start a program may lose it: the program itself says that it runs.
  await page.keyboard.type("sh -c 'echo runs; exec sleep 1000'\n");
  await eventually("the program runs", () => lines(page), (all) => all.includes("runs"));
  await page.keyboard.press("Control+c");
  await page.keyboard.type("echo after > after\n");
  await eventually("Ctrl+C ended the program", () => sshd.read("after"), "after\n");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  const [session] = await farwired.call("GET", "/sessions");
  const { lines: text } = await farwired.call("GET", `/session/${session.session_id}/text?above=500`);
  assert.ok(text.some((line) => line.includes("TYPED ON THE PAGE")), text.join("\n"));
});

test("a tab that is left and looked at again shows what came meanwhile", options, async (t) => {
  const { page, sshd } = await openShell(t);
  await page.keyboard.type("(sleep 2; seq 100 199; echo while-away; touch done) &\n");
  await page.getByRole("tab", { name: "Machines" }).click();
  await until("the program is done", () => sshd.read("done") !== null);
  await page.getByRole("tab", { name: NAME }).click();
  await shows(page, "while-away");
});

test("several lines are shown before they are pasted", options, async (t) => {
  const { page, sshd } = await openShell(t);
  await page.evaluate(() => navigator.clipboard.writeText("touch one\ntouch two\n"));
  await page.keyboard.press("Control+Shift+v");
  const dialog = page.getByRole("dialog", { name: "Paste 2 lines?" });
  await dialog.getByText("touch one").waitFor();
  await shoot(page, "terminal-paste", { schemes: ["light"] });
  assert.equal(sshd.read("one"), null);
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await page.keyboard.press("Control+Shift+v");
  await dialog.getByRole("button", { name: "Paste" }).click();
  await shows(page, "touch two");
  await page.keyboard.press("Enter");
  await until("both were carried out", () => sshd.read("one") !== null && sshd.read("two") !== null);
});

test("text is found on the screen and above it", options, async (t) => {
  const { page, sshd } = await openShell(t);
  await page.keyboard.type("echo needle-$((40+2)); seq 1 300; echo end\n");
  await prints(page, "end");
  assert.ok(!(await lines(page)).some((line) => line.startsWith("needle-42")));
  await page.keyboard.press("Control+Shift+f");
  await page.getByLabel("Text to find").fill("needle-42");
  await page.keyboard.press("Enter");
  await shows(page, "needle-42");
  await page.getByLabel("Text to find").fill("no such text anywhere");
  await page.keyboard.press("Enter");
  await page.getByText("Not found").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.type("echo back > back\n");
  await eventually("the shell has the keyboard back", () => sshd.read("back"), "back\n");
});

test("a shell that ends stays to be read, and another begins in its place", options, async (t) => {
  const { page } = await openShell(t);
  await page.keyboard.type("echo kept; exit 4\n");
  await pane(page).getByRole("alert").getByText("the shell ended with status 4").waitFor();
  await prints(page, "kept");
  await pane(page).getByRole("button", { name: "New shell" }).click();
  await shows(page, "--- new shell ---");
  await eventually("the new shell is ready", async () => (await lines(page)).filter(Boolean).at(-1), /\$$/);
  await page.keyboard.type("echo again\n");
  await prints(page, "again");
  await prints(page, "kept");
});

test("an address alone leads to a shell: its key is asked about, then the password", options, async (t) => {
  const { page, sshd } = await openBoth(t);
  const name = `127.0.0.1:${sshd.port}`;
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search or connect" }).fill(`ssh ${USER}@127.0.0.1:${sshd.port}`);
  await page.getByRole("option", { name: /not saved yet/ }).waitFor();
  await page.keyboard.press("Control+Enter");
  const question = page.getByRole("alertdialog").or(page.getByRole("dialog"));
  await question.getByText(sshd.fingerprint.slice(7, 20)).first().waitFor();
  await shoot(page, "terminal-trust", { schemes: ["light"] });
  await question.getByRole("button", { name: /Trust/ }).first().click();
  const session = pane(page, name);
  await session.getByLabel("Password").fill(PASSWORD);
  await session.getByRole("button", { name: "Connect" }).click();
  await shows(page, "$", name);
  await page.keyboard.type("touch arrived\n");
  await until("the shell was typed into", () => sshd.read("arrived") !== null);
});

test("what the machine asks while signing in is answered on the page", options, async (t) => {
  const opened = await openBoth(t, { config: "AuthenticationMethods keyboard-interactive", prepare: `chage -d 0 ${USER}` });
  const { farwired, page, sshd } = opened;
  const uid = await saveShell(opened, NAME);
  await farwired.call("PUT", "/trust", { host: "127.0.0.1", port: sshd.port, fingerprint: sshd.fingerprint });
  await page.getByRole("row", { name: new RegExp(NAME) }).dblclick();
  for (const question of [/^New password/, /^Retype new password/]) {
    await pane(page).getByLabel(question).fill("battery staple 9");
    await shoot(page, "terminal-question", { schemes: ["light"] });
    await pane(page).getByRole("button", { name: "Answer" }).click();
  }
  await shows(page, "$");
});

test("much output leaves the page quick, and the newest screen is seen", options, async (t) => {
  const { page, sshd } = await openShell(t);
  await page.keyboard.type("yes pouring | head -c 20000000; echo poured-$((1+1))\n");
  // An unoptimised build on a busy computer takes a while.
  await shows(page, "poured-2", NAME, 200_000);
  await page.keyboard.type("touch next\n");
  await until("the shell goes on", () => sshd.read("next") !== null);
});

test("the settings of SSH are those of the connection", options, async (t) => {
  const { page, farwired, uid } = await openShell(t);
  await page.getByRole("tab", { name: "Machines" }).click();
  await page.getByRole("row", { name: new RegExp(NAME) }).click();
  const details = page.getByRole("complementary", { name: /details/i }).or(page.locator("aside")).first();
  await details.getByRole("tab", { name: "SSH" }).click();
  await shoot(page, "terminal-settings");
  await details.getByRole("switch", { name: /clipboard/ }).click();
  await details.getByLabel("Lines kept").fill("500");
  await page.keyboard.press("Tab");
  await until("both are saved", async () => {
    const { settings } = await farwired.call("GET", `/connection/${uid}`);
    return settings["ssh.clipboard"] === true && settings["ssh.scrollback"] === 500;
  });
});
