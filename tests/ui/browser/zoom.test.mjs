// A remote screen larger and smaller than it is, and two of them side by side.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startMachine, TERMINAL_COLOUR } from "../desktop/machine.mjs";
import { until } from "../desktop/processes.mjs";
import { openPage, shoot, skipWithoutMachine as skip } from "./page.mjs";
import { canvasOf, countPixels, pointAt } from "./screen.mjs";

const options = { skip, timeout: 120_000 };

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
  await until(`${name} is drawn`, async () => (await countPixels(page, name, TERMINAL_COLOUR)) > 100_000, 20_000);
}

test("the picture fills the window, zooms around the pointer and is moved", options, async (t) => {
  const { page } = await openTabs(t, ["press"]);
  const canvas = canvasOf(page, "press");
  const size = page.getByRole("radiogroup", { name: "Size" });
  const view = () => page.getByRole("tabpanel", { name: "press" }).locator(".view").boundingBox();
  await size.getByText("Fill").click();
  const filled = await canvas.boundingBox();
  const seen = await view();
  assert.ok(filled.width >= seen.width - 1 && filled.height >= seen.height - 1, JSON.stringify([filled, seen]));
  await shoot(page, "zoom-fill");

  await size.getByText("1:1").click();
  const zoom = page.getByRole("button", { name: /^Zoom/ });
  assert.match(await zoom.textContent(), /100 %/);
  // In a window smaller than the picture, the remote pixel under the pointer stays there.
  const whole = page.viewportSize();
  await page.setViewportSize({ width: 700, height: 520 });
  await until("the window is smaller than the picture", async () => (await view()).width <= 700 && (await canvas.boundingBox()).x <= (await view()).x);
  const at = await pointAt(page, "press", 300, 200);
  await page.mouse.move(...at);
  await page.keyboard.down("Control");
  await page.keyboard.down("Alt");
  for (let step = 0; step < 5; step += 1) await page.mouse.wheel(0, -100);
  await until("it is twice as large", async () => (await canvas.boundingBox()).width === 1600);
  const now = await pointAt(page, "press", 300, 200);
  assert.ok(Math.hypot(now[0] - at[0], now[1] - at[1]) < 3, `${now} instead of ${at}`);
  await page.mouse.down();
  await page.mouse.move(at[0] - 60, at[1] - 40, { steps: 3 });
  await page.mouse.up();
  const moved = await pointAt(page, "press", 300, 200);
  assert.ok(Math.abs(now[0] - moved[0] - 60) < 2 && Math.abs(now[1] - moved[1] - 40) < 2, `${moved} after ${now}`);
  await page.keyboard.press("0");
  await page.keyboard.up("Alt");
  await page.keyboard.up("Control");
  await until("all of it is seen again", async () => (await canvas.boundingBox()).width <= 700);
  await page.setViewportSize(whole);

  await zoom.click();
  await shoot(page, "zoom-menu", { sizes: [{ width: 1280, height: 800 }] });
  await page.getByRole("menuitemcheckbox", { name: "50 %", exact: true }).click();
  assert.equal((await canvas.boundingBox()).width, 400);
});

test("two machines are seen side by side, and the one that is clicked has the keyboard", options, async (t) => {
  const { page } = await openTabs(t, ["lathe", "press"]);
  const pane = (name) => page.getByRole("tabpanel", { name });
  assert.equal(await pane("lathe").isVisible(), false);
  await pane("press").getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Show beside" }).click();
  await page.getByRole("menuitem", { name: "lathe" }).click();
  await pane("lathe").waitFor();
  assert.equal(await pane("press").isVisible(), true);
  const [left, right] = [await pane("lathe").boundingBox(), await pane("press").boundingBox()];
  assert.ok(left.x + left.width <= right.x && Math.abs(left.width - right.width) <= 2, JSON.stringify([left, right]));
  await drawn(page, "lathe");
  await shoot(page, "split");

  const selected = async () => (await page.getByRole("tab", { selected: true }).textContent()).trim();
  assert.match(await selected(), /press/);
  await page.mouse.click(...(await pointAt(page, "lathe", 100, 100)));
  assert.match(await selected(), /lathe/);
  assert.equal(await pane("press").isVisible(), true);

  // The library in between changes nothing; a tab alone ends it.
  await page.getByRole("tab", { name: "Machines" }).click();
  await page.getByRole("tab", { name: "press" }).click();
  assert.equal(await pane("lathe").isVisible(), true);
  await pane("press").getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Show alone" }).click();
  assert.equal(await pane("lathe").isVisible(), false);
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
