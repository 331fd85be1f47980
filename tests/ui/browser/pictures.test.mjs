// Small pictures of machines: over the tabs of their sessions, and on the wall.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startMachine, TERMINAL_COLOUR } from "../desktop/machine.mjs";
import { eventually, until } from "../desktop/processes.mjs";
import { openLink } from "./link.mjs";
import { openPage, shoot, skipWithoutMachine as skip } from "./page.mjs";
import { countPixels } from "./screen.mjs";

const options = { skip, timeout: 300_000 };

/** Opens one machine in a tab for each name, each over a way of its own that can be cut. The last one is in front. */
async function openTabs(t, names) {
  const opened = await openPage(t);
  const machine = await startMachine(opened.sandbox);
  const links = {};
  for (const name of names) {
    links[name] = await openLink(t, machine.port);
    await opened.farwired.save(name, { port: links[name].port, password: machine.password });
    await opened.page.getByRole("tab", { name: "Machines" }).click();
    await opened.page.getByRole("row", { name: new RegExp(name) }).dblclick();
    await until(`${name} is drawn`, async () => (await countPixels(opened.page, name, TERMINAL_COLOUR)) > 100_000);
  }
  return { ...opened, links };
}

/** What part of a picture, a canvas or an image, has about the colour of the machine's terminal. */
const terminalPart = (picture) =>
  picture.evaluate((element, [red, green, blue]) => {
    const copy = new OffscreenCanvas(64, 40).getContext("2d");
    copy.drawImage(element, 0, 0, 64, 40);
    const { data } = copy.getImageData(0, 0, 64, 40);
    let found = 0;
    for (let at = 0; at < data.length; at += 4) {
      if (Math.abs(data[at] - red) + Math.abs(data[at + 1] - green) + Math.abs(data[at + 2] - blue) < 36) found += 1;
    }
    return found / (64 * 40);
  }, TERMINAL_COLOUR);

test("a tab shows its screen, its name, its address and how it stands while the pointer rests on it", options, async (t) => {
  const { page, links } = await openTabs(t, ["lathe", "press"]);
  const tip = page.getByRole("tooltip");
  const tab = page.getByRole("tab", { name: "lathe" });
  await tab.hover();
  await tip.getByText("lathe").waitFor();
  await tip.getByText(`127.0.0.1:${links.lathe.port}`).waitFor();
  await tip.getByText("In control").waitFor();
  await eventually("the picture is that of the machine", () => terminalPart(tip.locator("canvas")), (part) => part > 0.3);
  await eventually("a picture that is how the screen is now has no age", () => tip.getByText(/picture from/).count(), 0);
  const described = async () => (await tab.getAttribute("aria-describedby")) === (await tip.getAttribute("id"));
  await eventually("the tab is described by it", described, true);
  await shoot(page, "tab-preview");
  await eventually("the focus stays", () => page.evaluate(() => document.activeElement.closest("[role=tabpanel]")?.id ?? ""), /^panel-/);
  await page.keyboard.press("Escape");
  await page.mouse.move(600, 500);
  await tip.waitFor({ state: "detached" });

  // A link that is lost leaves the last picture, which says how old it is.
  links.lathe.cut();
  await tab.hover();
  await tip.getByText(/^Link lost, trying again, picture from /).waitFor();
  await eventually("the last picture stays", () => terminalPart(tip.locator("canvas")), (part) => part > 0.3);
  await shoot(page, "tab-preview-stale");
  await tab.click();
  await tip.waitFor({ state: "detached" });
  await eventually("the tab is selected", () => tab.getAttribute("aria-selected"), "true");
});

test("the picture of a tab comes by keyboard too, and moves nothing", options, async (t) => {
  const { page } = await openTabs(t, ["lathe", "press"]);
  await page.emulateMedia({ reducedMotion: "reduce" });
  // The remote screen has the keyboard until it is told to give it back.
  await page.keyboard.press("Control+Alt+g");
  const focused = () => page.evaluate(() => document.activeElement.id);
  for (let step = 0; step < 30 && !(await focused()).startsWith("handle-tab"); step += 1) await page.keyboard.press("Shift+Tab");
  const tip = page.getByRole("tooltip");
  await tip.getByText("press").waitFor();
  await eventually("the tab has the focus", focused, /^handle-tab/);
  await eventually("nothing in it takes the focus", () => tip.evaluate((element) => element.querySelectorAll("button, a, input, [tabindex]").length), 0);
  const animated = await tip.evaluate((element) => [element, ...element.querySelectorAll("*")].filter((one) => one.getAnimations().length > 0).length);
  assert.equal(animated, 0);
  await page.keyboard.press("Escape");
  await tip.waitFor({ state: "detached" });
  await eventually("the tab still has the focus", focused, /^handle-tab/);
  await page.keyboard.press("Tab");
  await eventually("the way on is free", focused, (id) => !id.startsWith("handle-tab"));
});

test("the wall shows the last picture of each machine and its age", options, async (t) => {
  const { page, farwired } = await openTabs(t, ["lathe"]);
  await farwired.save("never-seen", { port: 5999 });
  await page.getByRole("tab", { name: "Machines" }).click();
  await page.keyboard.press("Control+1");
  const tile = (name) => page.getByRole("gridcell", { name: new RegExp(name) });
  const picture = tile("lathe").locator("img");
  await picture.waitFor();
  await eventually("the picture is that of the machine", () => terminalPart(picture), (part) => part > 0.3);
  await tile("lathe").getByText("In control").first().waitFor();
  await eventually("what was never seen has no picture", () => tile("never-seen").locator("img").count(), 0);
  const isWashed = () => tile("lathe").locator(".shot").evaluate((shot) => shot.classList.contains("stale"));
  await eventually("the picture is of now", isWashed, false);

  // It is "now" for a few seconds only, so that it is waited for from before.
  const isNow = tile("lathe").locator(".meta").getByText("now").waitFor();
  await Promise.all([isNow, page.getByRole("button", { name: "Close lathe" }).click()]);
  await eventually("the picture is washed", isWashed, true);
  await eventually("the last picture stays", () => terminalPart(picture), (part) => part > 0.3);
  await tile("lathe").locator(".meta").getByText(/^\d+ s$/).waitFor();
  await shoot(page, "tiles-last-picture");
});
