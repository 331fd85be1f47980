// The page in a real browser, on a farwired of its own.
import assert from "node:assert/strict";
import { join } from "node:path";
import axe from "axe-core";
import { chromium } from "playwright-core";
import { openDisplay } from "../desktop/display.mjs";
import { atEnd, eventually, LIMIT_MS, Sandbox, skipWithout, until } from "../desktop/processes.mjs";
import { startFarwired } from "./farwired.mjs";

const BROWSER = "/usr/bin/chromium";
/** How long a browser may take to start. */
const START_MS = 90_000;

/** Everything that is not about our page is off, so that nothing asks the network. */
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** What a browser test needs; `skip` is a test option. */
export const skip = skipWithout("chromium");
const MACHINE = ["chromium", "Xvnc", "vncpasswd", "xauth", "xterm", "xdotool", "xclip"];
export const skipWithoutMachine = skipWithout(...MACHINE);
/** What a test needs whose browser has a screen. */
export const skipWithoutDisplay = skipWithout(...MACHINE, "Xvfb", "openbox", "xprop", "import", "setxkbmap", "xev", "xset");

/** Refused requests are part of what is tested; the browser logs each as an error. */
const EXPECTED = /^Failed to load resource: the server responded with a status of 4\d\d/;

/** What a browser logs besides while nobody answers it. */
export const EXPECTED_OFFLINE = /^Failed to load resource|^WebSocket connection to .* failed/;

const SIZES = [
  { width: 1280, height: 800 },
  { width: 2560, height: 1440 },
];

/** Starts a browser without a window. */
async function startBrowser(sandbox, viewport, deviceScaleFactor) {
  return await chromium.launchPersistentContext(join(sandbox.home, "browser"), {
    executablePath: BROWSER,
    args: ARGUMENTS,
    // People see scroll bars, and drag them.
    ignoreDefaultArgs: ["--hide-scrollbars"],
    // What the browser leaves behind goes with the test.
    env: { ...sandbox.env, TMPDIR: sandbox.home },
    viewport,
    deviceScaleFactor,
    timeout: START_MS,
  });
}

/** Starts a browser with a window on the sandbox's screen, as a person does: Playwright's own would never lose the keyboard. */
async function startWindow(sandbox) {
  const own = ["--remote-debugging-port=0", `--user-data-dir=${join(sandbox.home, "browser")}`, "--password-store=basic", "--start-maximized"];
  const program = sandbox.start(BROWSER, [...ARGUMENTS, ...own], { env: { TMPDIR: sandbox.home } });
  const [address] = await until("the browser can be driven", () => /ws:\/\/\S+/.exec(program.said), START_MS);
  // Whoever connects before the window is there waits for it in vain.
  const targets = async () => await (await fetch(`http://${new URL(address).host}/json/list`)).json();
  await until("the browser has a window", async () => (await targets()).some(({ type }) => type === "page"), START_MS);
  const browser = await chromium.connectOverCDP(address, { noDefaults: true, timeout: START_MS });
  return browser.contexts()[0];
}

/**
 * Starts farwired and a browser for one test. Everything ends with the test, which fails if the page complained of more than what is
 * expected.
 *
 * With `hasDisplay` the browser has a window on a screen of its own, whose keyboard and mouse are as real as a person's.
 */
export async function openPage(
  t,
  { isSignedIn = true, isHuge = false, viewport = SIZES[0], deviceScaleFactor, hasDisplay = false, expected = EXPECTED } = {},
) {
  const sandbox = new Sandbox();
  let context;
  let display;
  const complaints = [];
  atEnd(t, async () => {
    // What the page looked like at the end tells why a test failed.
    await display?.shoot(`end of ${t.name}`).catch(() => undefined);
    if (context && !display) await shoot(context.pages()[0], `end of ${t.name}`, { sizes: [viewport], schemes: ["light"], isChecked: false }).catch(() => undefined);
    await (display ? context?.browser().close() : context?.close());
    await sandbox.close();
  });
  const farwired = await startFarwired(sandbox, { isHuge });
  if (hasDisplay) display = await openDisplay(sandbox);
  context = display ? await startWindow(sandbox) : await startBrowser(sandbox, viewport, deviceScaleFactor);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  context.setDefaultTimeout(LIMIT_MS);
  const [page] = context.pages();
  page.on("pageerror", (error) => complaints.push(String(error.stack)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !expected.test(message.text())) complaints.push(message.text());
  });
  atEnd(t, () => assert.deepEqual(complaints, [], "the page complained"));
  if (isSignedIn) {
    await page.goto(farwired.link);
    await page.getByRole("tab", { name: "Machines" }).waitFor();
  }
  return { sandbox, farwired, context, page, display };
}

/** Opens a page of the settings. */
export async function goToSettings(page, name) {
  // What is just closing still takes the keys.
  await page.locator('[role="dialog"], [role="alertdialog"], [role="menu"]').first().waitFor({ state: "detached" });
  await page.keyboard.press("Control+,");
  await page.getByRole("navigation", { name: "Settings" }).getByRole("button", { name }).click();
  await page.getByRole("heading", { name, level: 1 }).waitFor();
}

/** Waits until nothing moves, fades or changes its colour any more; what does so for ever is left alone. */
async function atRest(page, name) {
  const moving = () =>
    page.evaluate(() => {
      const all = document.getAnimations().filter((one) => one.playState === "running" && Number.isFinite(one.effect?.getComputedTiming().endTime));
      return all.map(({ effect }) => effect.target?.className ?? "");
    });
  await eventually(`${name} is at rest`, moving, []);
}

/** Asks axe-core what of the page a person who does not see it, or has no mouse, cannot use; in both colours. */
export async function assertAccessible(page, name) {
  await page.evaluate(axe.source);
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    // Colours change in a moment, not at once.
    await page.waitForTimeout(300);
    await atRest(page, name);
    const found = await page.evaluate(async () => {
      const { axe } = window;
      const all = await axe.run(document, { rules: { region: { enabled: false } } });
      // Menus and lists of choices lie over the page, in no part of it.
      const parts = await axe.run({ exclude: ["[data-bits-floating-content-wrapper]"] }, { runOnly: ["region"] });
      return [...all.violations, ...parts.violations].flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`));
    });
    assert.deepEqual(found, [], `${name}, ${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: null });
}

/**
 * Looks at the page: nothing of it may be out of anybody's reach, and pictures of it are kept for a person, light and dark, small
 * and large, where FARWIRE_SHOTS names a folder.
 */
export async function shoot(page, name, { sizes = SIZES, schemes = ["light", "dark"], isChecked = true } = {}) {
  if (isChecked) await assertAccessible(page, name);
  const folder = process.env.FARWIRE_SHOTS;
  if (!folder) return;
  const before = page.viewportSize();
  for (const size of sizes) {
    for (const colorScheme of schemes) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme });
      await page.waitForTimeout(400);
      await atRest(page, name);
      await page.screenshot({ path: join(folder, `${name}-${size.width}-${colorScheme}.png`) });
    }
  }
  await page.setViewportSize(before);
  await page.emulateMedia({ colorScheme: "light" });
}
