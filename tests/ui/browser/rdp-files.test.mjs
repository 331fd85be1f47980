// Files of Windows' own client: what they ask for is seen before anything is connected to, and no password comes with them.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { eventually, freePort } from "../desktop/processes.mjs";
import { assertAccessible, openPage, shoot, skip } from "./page.mjs";

/** As Windows writes it: UTF-16 with its mark, CRLF. */
const wide = (text) => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text.replaceAll("\n", "\r\n"), "utf16le")]);

test("a file is read, looked at, connected to and written again", { skip, timeout: 300_000 }, async (t) => {
  const { page, sandbox, farwired } = await openPage(t);
  const port = await freePort();
  const path = join(sandbox.home, "Office.rdp");
  const lines = `full address:s:127.0.0.1:${port}\nusername:s:EXAMPLE\\alice\npassword 51:b:01000000D08C9DDF\ndrivestoredirect:s:C:\\;DynamicDrives\nalternate shell:s:C:\\Tools\\menu.exe\ngatewayhostname:s:gate.example\nredirectprinters:i:1\nwinposstr:s:0,3,0,0,800,600\n`;
  writeFileSync(path, wide(lines));
  await page.keyboard.press("Control+k");
  const bar = page.getByRole("combobox", { name: "Search or connect" });
  await bar.fill("open an .rdp");
  const action = page.getByRole("option", { name: "Open an .rdp file" });
  await action.waitFor();
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), action.click()]);
  await chooser.setFiles(path);

  const asks = page.getByRole("region", { name: "The file asks for" });
  await asks.getByText("gate.example").waitFor();
  for (const part of ["C:\\Tools\\menu.exe", "will be started", "C:\\;DynamicDrives", "not used: Farwire connects directly", "Printers of this computer", "not given"]) {
    await asks.getByText(part).first().waitFor();
  }
  assert.equal(await bar.inputValue(), `rdp://EXAMPLE\\alice@127.0.0.1:${port}`);
  await shoot(page, "rdp-file");
  await assertAccessible(page, "a file");
  assert.deepEqual(await farwired.call("GET", "/connections"), [], "nothing is saved before Enter");
  await bar.focus();
  await page.keyboard.press("Enter");
  // Nobody listens there; that it was tried is what counts.
  await page.getByRole("tabpanel", { name: "Office" }).getByRole("alert").waitFor();
  const [saved] = await farwired.call("GET", "/connections");
  assert.equal(saved.settings["rdp.program"], "C:\\Tools\\menu.exe");
  const account = await farwired.call("GET", `/connection/${saved.uid}/credentials`);
  assert.equal(account["rdp.username"], "EXAMPLE\\alice");
  assert.deepEqual(account.redacted ?? [], [], "no password is stored");

  await page.getByRole("tab", { name: "Machines" }).click();
  const row = page.getByRole("row", { name: /Office/ });
  await row.click();
  const details = page.getByRole("complementary", { name: "Details" });
  await details.getByRole("tab", { name: "Display" }).click();
  await eventually("the program is in the details", () => details.getByRole("textbox", { name: "Program" }).inputValue(), "C:\\Tools\\menu.exe");
  await details.getByText(/lines of an .rdp file are kept/).click();
  await details.getByText(/winposstr:s:0,3,0,0,800,600/).waitFor();
  await shoot(page, "rdp-session-settings");
  await details.getByRole("switch", { name: "Share the clipboard" }).click();
  await eventually("that is saved", async () => (await farwired.call("GET", `/connection/${saved.uid}`)).settings["rdp.clipboard"], false);

  const readOnly = details.getByRole("switch", { name: "Only for reading" });
  assert.equal(await readOnly.count(), 0, "nothing is shared yet");
  await details.getByRole("textbox", { name: "Shared folder" }).fill("~/Shared");
  await readOnly.waitFor();
  await details.getByRole("textbox", { name: "Program" }).focus();
  const setting = (key) => async () => (await farwired.call("GET", `/connection/${saved.uid}`)).settings[key];
  await eventually("the folder is saved", setting("rdp.drive"), "~/Shared");
  assert.equal(await readOnly.isChecked(), true, "a folder is shared for reading at first");
  await readOnly.scrollIntoViewIfNeeded();
  await shoot(page, "rdp-drive");
  await readOnly.click();
  await eventually("it may be changed", setting("rdp.drive_read_only"), false);

  await row.click({ button: "right" });
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: "Save as .rdp file" }).click()]);
  assert.equal(download.suggestedFilename(), "Office.rdp");
  const written = readFileSync(await download.path()).subarray(2).toString("utf16le");
  assert.match(written, /winposstr:s:0,3,0,0,800,600\r\n/);
  assert.match(written, /redirectclipboard:i:0\r\n/);
  assert.doesNotMatch(written, /password/);
});

test("what is no such file is told, and typing something else lets go of a file", { skip, timeout: 300_000 }, async (t) => {
  const { page, sandbox } = await openPage(t);
  const choose = async (content) => {
    const path = join(sandbox.home, "other.rdp");
    writeFileSync(path, content);
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: "Search or connect" }).fill("open an .rdp");
    const action = page.getByRole("option", { name: "Open an .rdp file" });
    await action.waitFor();
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), action.click()]);
    await chooser.setFiles(path);
  };
  await choose("nothing of the kind");
  await page.getByText(/Not opened: .*full address/).waitFor();
  await choose("full address:s:10.0.0.7\nredirectsmartcards:i:1\n");
  const bar = page.getByRole("combobox", { name: "Search or connect" });
  await page.getByText("Smart cards and security keys").waitFor();
  await bar.fill("rdp://10.0.0.8");
  await page.getByText("Smart cards and security keys").waitFor({ state: "detached" });
  await page.getByRole("option", { name: /10\.0\.0\.8/ }).waitFor();
});
