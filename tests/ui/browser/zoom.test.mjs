// A remote screen larger and smaller than it is, and two of them side by side.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startMachine, TERMINAL_COLOUR } from "../desktop/machine.mjs";
import { eventually, until } from "../desktop/processes.mjs";
import { openPage, shoot, skipWithoutMachine as skip } from "./page.mjs";
import { canvasOf, countPixels, pointAt } from "./screen.mjs";

const options = { skip, timeout: 300_000 };

/** Opens a machine under a name for each of some tabs; the last one is in front. */
async function openTabs(t, names) {
  const opened = await openPage(t);
  const machine = await startMachine(opened.sandbox);
  for (const name of names) {
    await opened.farwired.save(name, { port: machine.port, password: machine.password });
    await opened.page.getByRole("tab", { name: "Machines" }).click();
    await opened.page.getByRole("row", { name: new RegExp(name) }).dblclick();
    await drawn(opened.page, name);
  }
  return { ...opened, machine };
}

async function drawn(page, name) {
  await until(`${name} is drawn`, async () => (await countPixels(page, name, TERMINAL_COLOUR)) > 100_000);
}

test("the picture fills the window, zooms around the pointer and is moved", options, async (t) => {
  const { page } = await openTabs(t, ["press"]);
  const canvas = canvasOf(page, "press");
  const size = page.getByRole("radiogroup", { name: "Size" });
  const view = () => page.getByRole("tabpanel", { name: "press" }).locator(".view").boundingBox();
  await size.getByText("Fill").click();
  const boxes = async () => [await canvas.boundingBox(), await view()];
  await eventually("no part of the view is bare", boxes, ([filled, seen]) => filled.width >= seen.width - 1 && filled.height >= seen.height - 1);
  await shoot(page, "zoom-fill");

  await size.getByText("1:1").click();
  const zoom = page.getByRole("button", { name: /^Zoom/ });
  await eventually("it is 1:1", () => zoom.textContent(), /100 %/);
  // In a window smaller than the picture, the remote pixel under the pointer stays there.
  const whole = page.viewportSize();
  await page.setViewportSize({ width: 700, height: 520 });
  await eventually("the window is smaller than the picture", boxes, ([picture, seen]) => seen.width <= 700 && picture.x <= seen.x);
  const at = await pointAt(page, "press", 300, 200);
  await page.mouse.move(...at);
  await page.keyboard.down("Control");
  await page.keyboard.down("Alt");
  for (let step = 0; step < 5; step += 1) await page.mouse.wheel(0, -100);
  await eventually("it is twice as large", async () => (await canvas.boundingBox()).width, 1600);
  const place = () => pointAt(page, "press", 300, 200);
  const now = await eventually(`the pixel stays at ${at}`, place, ([x, y]) => Math.hypot(x - at[0], y - at[1]) < 3);
  await page.mouse.down();
  await page.mouse.move(at[0] - 60, at[1] - 40, { steps: 3 });
  await page.mouse.up();
  await eventually(`it moves from ${now} by 60 and 40`, place, ([x, y]) => Math.abs(now[0] - x - 60) < 2 && Math.abs(now[1] - y - 40) < 2);
  await page.keyboard.press("0");
  await page.keyboard.up("Alt");
  await page.keyboard.up("Control");
  await eventually("all of it is seen again", async () => (await canvas.boundingBox()).width, (width) => width <= 700);
  await page.setViewportSize(whole);

  await zoom.click();
  await shoot(page, "zoom-menu", { sizes: [{ width: 1280, height: 800 }] });
  await page.getByRole("menuitemcheckbox", { name: "50 %", exact: true }).click();
  await eventually("it is half as large", async () => (await canvas.boundingBox()).width, 400);
});

test("two machines are seen side by side, and the one that is clicked has the keyboard", options, async (t) => {
  const { page } = await openTabs(t, ["lathe", "press"]);
  const pane = (name) => page.getByRole("tabpanel", { name });
  const seen = async () => [await pane("lathe").isVisible(), await pane("press").isVisible()];
  await eventually("the second is seen alone", seen, [false, true]);
  await pane("press").getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Show beside" }).click();
  await page.getByRole("menuitem", { name: "lathe" }).click();
  await eventually("both are seen", seen, [true, true]);
  const boxes = async () => [await pane("lathe").boundingBox(), await pane("press").boundingBox()];
  await eventually("they are side by side", boxes, ([left, right]) => left.x + left.width <= right.x && Math.abs(left.width - right.width) <= 2);
  await drawn(page, "lathe");
  await shoot(page, "split");

  const selected = async () => (await page.getByRole("tab", { selected: true }).textContent()).trim();
  await eventually("the second is selected", selected, /press/);
  await page.mouse.click(...(await pointAt(page, "lathe", 100, 100)));
  await eventually("the first is selected", selected, /lathe/);
  await eventually("both are still seen", seen, [true, true]);

  // The library in between changes nothing; a tab alone ends it.
  await page.getByRole("tab", { name: "Machines" }).click();
  await page.getByRole("tab", { name: "press" }).click();
  await eventually("both are seen again", seen, [true, true]);
  await pane("press").getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Show alone" }).click();
  await eventually("the first is out of sight", seen, [false, true]);
});

test("a screenshot goes to the clipboard", options, async (t) => {
  const { page } = await openTabs(t, ["press"]);
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Copy screenshot" }).click();
  await page.getByText("The screenshot is on the clipboard").waitFor();
  const [types, bytes] = await page.evaluate(async () => {
    const [item] = await navigator.clipboard.read();
    return [item.types, (await item.getType("image/png")).size];
  });
  assert.deepEqual(types, ["image/png"]);
  assert.ok(bytes > 1000, `${bytes} bytes`);
});
