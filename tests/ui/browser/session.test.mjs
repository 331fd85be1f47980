// A remote screen under a person's eyes and hands: farwired, a real browser, a real VNC server.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { TERMINAL_COLOUR } from "../desktop/machine.mjs";
import { eventually, until } from "../desktop/processes.mjs";
import { shoot, skipWithoutMachine as skip } from "./page.mjs";
import { inRemote, MUCH, NAME, openSession, seen } from "./remote.mjs";
import { canvasOf, compare, countPixels, pointAt } from "./screen.mjs";

const options = { skip, timeout: 300_000 };

test("the picture is drawn as the machine sends it", options, async (t) => {
  const { page, farwired, session } = await openSession(t);
  assert.deepEqual([session.state, session.width, session.height], ["connected", 800, 560]);
  await until("the drawn screen equals the screenshot", async () => {
    const answer = await farwired.ask("GET", `/session/${session.session_id}/screenshot?format=png`);
    const { different, colours } = await compare(page, NAME, await answer.arrayBuffer());
    assert.ok(colours > 4, `${colours} colours`);
    assert.equal(different, 0);
    return true;
  });
  await shoot(page, "session");
  await page.getByRole("button", { name: "Session details" }).click();
  await page.getByRole("definition").getByText(/800 × 560/).waitFor();
  await shoot(page, "session-details");
});

test("what is typed arrives, whatever keys it takes", options, async (t) => {
  const { page, sandbox } = await openSession(t);
  const proof = join(sandbox.home, "typed");
  const text = "Zürich? 100% {[<~|>]} \\ñ ^`";
  await page.keyboard.type(`cat > '${proof}'\n`, { delay: 10 });
  for (const part of text) await page.keyboard.type(part, { delay: 10 });
  await page.keyboard.press("Enter");
  await page.keyboard.press("Control+d");
  await until("the typed text is there", () => existsSync(proof) && readFileSync(proof, "utf8") === `${text}\n`);

  await page.getByRole("button", { name: "Type text" }).click();
  const dialog = page.getByRole("dialog", { name: `Type text on ${NAME}` });
  await dialog.getByLabel("Text").fill(`echo grün > '${proof}'\n`);
  await dialog.getByRole("button", { name: "Type it" }).click();
  await until("the text typed as keys is there", () => readFileSync(proof, "utf8") === "grün\n");
});

test("the mouse points, clicks and scrolls over there", options, async (t) => {
  const opened = await openSession(t);
  const { page, sandbox } = opened;
  const other = ["-bg", "#5a2038", "-title", "Other", "-geometry", "30x6+0+380", "-e", "sh"];
  sandbox.start("xterm", other, { env: opened.env });
  const windowCalled = (title) => inRemote(opened, "xdotool", "search", "--onlyvisible", "--name", `^${title}$`);
  const window = await until("the other terminal is there", () => windowCalled("Other"));
  const shell = await until("the first terminal is there", () => windowCalled("Shell"));
  const focused = () => inRemote(opened, "xdotool", "getwindowfocus");
  await page.mouse.click(...(await pointAt(page, NAME, 120, 200)));
  await eventually("the first terminal has the focus", focused, shell);
  // All of the other one that the first does not cover now.
  await page.mouse.click(...(await pointAt(page, NAME, 15, 430)));
  await eventually("the other terminal has the focus", focused, window);
  await eventually("the pointer is there", () => inRemote(opened, "xdotool", "getmouselocation"), /^x:15 y:430 /);
  const proof = join(sandbox.home, "moved");
  await page.keyboard.type(`touch '${proof}'\n`);
  await until("the other terminal has run it", () => existsSync(proof));

  // The first line with a colour comes back into sight only when the wheel arrives; the last one says that all was printed.
  await page.keyboard.type("c() { printf \"\\033[48;2;$1m%30s\\033[0m\\n\"; }; c '200;90;20'; seq 60; c '20;90;200'\n");
  const colour = () => countPixels(page, NAME, [200, 90, 20]);
  const last = () => countPixels(page, NAME, [20, 90, 200]);
  await eventually("the first line has scrolled away", async () => [(await last()) > 100, await colour()], [true, 0]);
  await page.mouse.move(...(await pointAt(page, NAME, 15, 430)));
  await until("the wheel brings it back", async () => {
    await page.mouse.wheel(0, -360);
    return (await colour()) > 100;
  });
});

test("the clipboard goes both ways", options, async (t) => {
  const opened = await openSession(t);
  const { page, sandbox } = opened;
  const there = "von drüben: 100 €, 二行 Ωμέγα\nand a second line";
  // The program keeps the clipboard, as they do in X.
  const file = join(sandbox.home, "text");
  writeFileSync(file, there);
  sandbox.start("xclip", ["-quiet", "-selection", "clipboard", "-in", file], { env: opened.env });
  await until("the remote text is here", async () => {
    await page.mouse.click(...(await pointAt(page, NAME, 400, 550)));
    return (await page.evaluate(() => navigator.clipboard.readText())) === there;
  });
  await page.getByRole("button", { name: /^Clipboard: Text in/ }).waitFor();

  const here = "from here: ½ à côté, 3 € 🙂\nand more";
  await page.evaluate((text) => navigator.clipboard.writeText(text), here);
  await page.getByRole("button", { name: /^Clipboard/ }).click();
  await shoot(page, "session-clipboard", { schemes: ["light"] });
  await page.getByRole("menuitem", { name: "Send this computer’s clipboard" }).click();
  await until("the text is over there", async () => (await inRemote(opened, "xclip", "-selection", "clipboard", "-out")) === here);
});

test("the picture is fitted, or shown pixel for pixel", options, async (t) => {
  const { page } = await openSession(t);
  const width = async () => Math.round((await canvasOf(page, NAME).boundingBox()).width);
  await page.getByRole("radio", { name: "Fit" }).click();
  await eventually("it is larger than it is", width, (fitted) => fitted > 800);
  await page.getByRole("radio", { name: "1:1" }).click();
  await eventually("a remote pixel is a pixel", width, 800);
  await shoot(page, "session-exact", { schemes: ["light"] });
  await page.setViewportSize({ width: 760, height: 480 });
  await eventually("the page has the size", () => page.evaluate(() => window.innerWidth), 760);
  await eventually("it is still pixel for pixel", width, 800);
  await page.getByRole("radio", { name: "Fit" }).click();
  await eventually("it fits the small window", width, (fitted) => fitted <= 760);
});

test("the remote desktop takes the size of the window if it is told to", options, async (t) => {
  const { page, farwired, session } = await openSession(t, { "vnc.resize": true });
  await until("the desktop is as large as its tab", async () => {
    const { width, height } = await farwired.call("GET", `/session/${session.session_id}`);
    return width > 1200 && height > 650 && (await canvasOf(page, NAME).evaluate((canvas) => canvas.width)) === width;
  });
});

test("observing keeps hands off", options, async (t) => {
  const { page, sandbox, farwired, session } = await openSession(t);
  const proof = join(sandbox.home, "observed");
  await page.getByRole("radio", { name: "Observe" }).click();
  const observes = async () => (await farwired.call("GET", `/session/${session.session_id}`)).view_only;
  await eventually("the session observes", observes, true);
  await page.mouse.click(...(await pointAt(page, NAME, 200, 200)));
  await page.keyboard.type(`touch '${proof}'\n`);
  const typeText = page.getByRole("button", { name: "Type text" });
  await eventually("no text is typed", () => typeText.isDisabled(), true);
  await shoot(page, "session-observe", { schemes: ["light"] });
  await page.getByRole("radio", { name: "Control" }).click();
  await eventually("the session takes input", observes, false);
  await eventually("the page knows it", () => typeText.isEnabled(), true);
  const second = join(sandbox.home, "controlled");
  await page.mouse.click(...(await pointAt(page, NAME, 200, 200)));
  await page.keyboard.type(`touch '${second}'\n`);
  await until("what was typed in control has run", () => existsSync(second));
  assert.ok(!existsSync(proof), "nothing typed while observing arrived");
});

test("combinations of the window work over the remote screen", options, async (t) => {
  const { page } = await openSession(t);
  await page.mouse.click(...(await pointAt(page, NAME, 200, 200)));
  const bar = page.getByRole("combobox", { name: "Search or connect" });
  await page.keyboard.press("Control+Alt+k");
  await bar.waitFor();
  await page.keyboard.press("Escape");
  await bar.waitFor({ state: "detached" });
  await page.keyboard.press("Control+Alt+g");
  await page.getByText("The keyboard is yours again.").waitFor();
  await page.keyboard.press("Control+k");
  await bar.waitFor();
  await page.keyboard.press("Escape");
  await page.mouse.click(...(await pointAt(page, NAME, 200, 200)));
  await page.getByText("The keyboard is yours again.").waitFor({ state: "detached" });
  await page.keyboard.press("Control+Alt+PageDown");
  await page.getByRole("row", { name: new RegExp(NAME) }).waitFor();
});

test("keys and clicks find what was just opened, and what was under what was just closed", options, async (t) => {
  const { page, sandbox } = await openSession(t);
  const proof = join(sandbox.home, "clicked");
  await page.mouse.click(...(await pointAt(page, NAME, 200, 200)));
  // A page that draws late, as on a machine that is busy for as long as this takes.
  await page.evaluate(() => {
    window.requestAnimationFrame = () => 0;
    window.cancelAnimationFrame = () => undefined;
  });
  await page.keyboard.press("Control+Alt+k");
  await page.keyboard.type("zebra");
  await eventually("what was typed is there", () => page.getByRole("combobox", { name: "Search or connect" }).inputValue(), "zebra");
  await page.keyboard.press("Escape");
  assert.equal(await page.locator(".scrim").count(), 1, "it is still drawn");
  await page.mouse.click(...(await pointAt(page, NAME, 200, 200)));
  await page.keyboard.type(`touch '${proof}'\n`);
  await until("what was typed after the click has run, and nothing else", () => existsSync(proof));
});

test("a lost link says so, keeps the picture, and comes back by itself", options, async (t) => {
  const { page, link } = await openSession(t);
  link.cut();
  await page.getByText(`Link to ${NAME} lost`).waitFor();
  assert.ok((await countPixels(page, NAME, TERMINAL_COLOUR)) > MUCH, "the last picture is still there");
  await shoot(page, "session-lost");
  link.mend();
  await page.getByText(`Link to ${NAME} lost`).waitFor({ state: "detached" });
  await seen(page);
});

test("a closed tab ends the session, a closed page does not", options, async (t) => {
  const { page, context, farwired, machine } = await openSession(t);
  await page.goto("about:blank");
  const second = await context.newPage();
  await second.goto(await farwired.newLink());
  await second.getByRole("tab", { name: NAME }).click();
  await seen(second);
  await eventually("the machine has one viewer", machine.viewers, 1);
  await second.getByRole("button", { name: `Close ${NAME}` }).click();
  await eventually("no session is left", () => farwired.call("GET", "/sessions"), []);
  await eventually("the machine has no viewer", machine.viewers, 0);
});
