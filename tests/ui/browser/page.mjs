// The page in a real browser, on a farwired of its own.
import assert from "node:assert/strict";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { Sandbox, skipWithout } from "../desktop/processes.mjs";
import { startFarwired } from "./farwired.mjs";

const BROWSER = "/usr/bin/chromium";

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
export const skipWithoutMachine = skipWithout("chromium", "Xvnc", "vncpasswd", "xauth", "xterm", "xdotool", "xclip");

/** Refused requests are part of what is tested; the browser logs each as an error. */
const EXPECTED = /^Failed to load resource: the server responded with a status of 4\d\d/;

const SIZES = [
  { width: 1280, height: 800 },
  { width: 2560, height: 1440 },
];

/** Starts farwired and a browser for one test. Everything ends with the test, which fails if the page complained. */
export async function openPage(t, { isSignedIn = true, viewport = SIZES[0] } = {}) {
  const sandbox = new Sandbox();
  let context;
  const complaints = [];
  t.after(async () => {
    // What the page looked like at the end tells why a test failed.
    if (context) await shoot(context.pages()[0], `end of ${t.name}`, { sizes: [viewport], schemes: ["light"] }).catch(() => undefined);
    await context?.close();
    await sandbox.close();
  });
  const farwired = await startFarwired(sandbox);
  context = await chromium.launchPersistentContext(join(sandbox.home, "browser"), {
    executablePath: BROWSER,
    args: ARGUMENTS,
    // What the browser leaves behind goes with the test.
    env: { ...sandbox.env, TMPDIR: sandbox.home },
    viewport,
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const [page] = context.pages();
  page.setDefaultTimeout(10_000);
  page.on("pageerror", (error) => complaints.push(String(error.stack)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !EXPECTED.test(message.text())) complaints.push(message.text());
  });
  t.after(() => assert.deepEqual(complaints, [], "the page complained"));
  if (isSignedIn) {
    await page.goto(farwired.link);
    await page.getByRole("tab", { name: "Machines" }).waitFor();
  }
  return { sandbox, farwired, context, page };
}

/** Opens a page of the settings. */
export async function goToSettings(page, name) {
  await page.keyboard.press("Control+,");
  await page.getByRole("navigation", { name: "Settings" }).getByRole("button", { name }).click();
  await page.getByRole("heading", { name, level: 1 }).waitFor();
}

/** Keeps pictures of the page for a person, light and dark, small and large, where FARWIRE_SHOTS names a folder. */
export async function shoot(page, name, { sizes = SIZES, schemes = ["light", "dark"] } = {}) {
  const folder = process.env.FARWIRE_SHOTS;
  if (!folder) return;
  const before = page.viewportSize();
  for (const size of sizes) {
    for (const colorScheme of schemes) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme });
      await page.waitForTimeout(400);
      await page.screenshot({ path: join(folder, `${name}-${size.width}-${colorScheme}.png`) });
    }
  }
  await page.setViewportSize(before);
  await page.emulateMedia({ colorScheme: "light" });
}
