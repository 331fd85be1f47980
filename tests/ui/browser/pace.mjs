// How fast the page is: its animation frames while it scrolls, and the time of its thread that an answer takes.

import { eventually } from "../desktop/processes.mjs";

/** A scroll is measured for so long. */
const SCROLL_MS = 3000;
/** Where the thumb of a scroll bar is taken, below the arrow at its end. */
const THUMB = 20;

/** Counts animation frames while something is done to the page: frames a second, and the longest time without one. */
async function countFrames(page, act) {
  await page.evaluate(() => {
    const times = [];
    window.frames_ = times;
    const tick = (now) => {
      times.push(now);
      window.frame_ = requestAnimationFrame(tick);
    };
    window.frame_ = requestAnimationFrame(tick);
  });
  await act();
  const times = await page.evaluate(() => {
    cancelAnimationFrame(window.frame_);
    return window.frames_;
  });
  const gaps = times.slice(1).map((time, index) => time - times[index]);
  const longest = Math.max(...gaps);
  return { frames: gaps.length, rate: (gaps.length * 1000) / (times.at(-1) - times[0]), longest };
}

/** Turns the wheel over a list, as fast as a hand does. */
export async function wheel(page, list) {
  const box = await list.boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  return await countFrames(page, async () => {
    const end = Date.now() + SCROLL_MS;
    for (let step = 0; Date.now() < end; step += 1) {
      await page.mouse.wheel(0, step % 60 < 40 ? 240 : -240);
      await new Promise((resolve) => setTimeout(resolve, 12));
    }
  });
}

/** Drags a list's scroll bar from its beginning to its end and back. */
export async function drag(page, list) {
  await list.evaluate((element) => (element.scrollTop = 0));
  const box = await list.boundingBox();
  const x = box.x + box.width - 4;
  const dragTo = (way) => page.mouse.move(x, box.y + THUMB + way * (box.height - 2 * THUMB));
  await page.mouse.move(x, box.y + THUMB);
  await page.mouse.down();
  const counted = await countFrames(page, async () => {
    for (const isBack of [false, true]) {
      const begun = Date.now();
      for (let part = 0; part < 1; part = (2 * (Date.now() - begun)) / SCROLL_MS) {
        await dragTo(isBack ? 1 - part : part);
        await new Promise((resolve) => setTimeout(resolve, 12));
      }
      if (isBack) continue;
      await dragTo(1);
      const at = () => list.evaluate((element) => element.scrollTop / element.scrollHeight);
      await eventually("the scroll bar was dragged through the list", at, (part) => part > 0.7);
    }
  });
  await page.mouse.up();
  return counted;
}

/** What the page has drawn once everything is done that was asked of it. */
const settled = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));

/** Opens a way to measure the processor time of the page's own thread, in milliseconds. */
export async function openMeter(page) {
  const protocol = await page.context().newCDPSession(page);
  await protocol.send("Performance.enable", { timeDomain: "threadTicks" });
  const spent = async () => {
    const { metrics } = await protocol.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration").value * 1000;
  };
  const measure = async (act) => {
    const before = await spent();
    await act();
    await settled(page);
    return (await spent()) - before;
  };
  return {
    spent,
    /** The processor time that something takes until it is drawn, without what measuring takes itself. */
    cost: async (act) => Math.max(0, (await measure(act)) - (await measure(async () => undefined))),
  };
}

/** Types a text into a field, a letter at a time; the processor time of each until what it finds is drawn. */
async function typeMeasured(page, meter, field, text) {
  const costs = [];
  await field.focus();
  await page.keyboard.press("Control+a");
  for (const letter of text) costs.push(await meter.cost(() => page.keyboard.press(letter === " " ? "Space" : letter)));
  await eventually("what was typed is there", () => field.inputValue(), text);
  return costs;
}

export const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Milliseconds of the page's thread that a click may take: what is felt as at once, and what a menu takes that is opened often. */
const MAX_SORT_MS = 100;
const MAX_MENU_MS = 50;

/** Sorts the list by each of its columns, and opens what offers all groups. */
async function clickMeasured(page, meter) {
  const sorts = [];
  for (const column of ["Address", "Group", "Type", "Last used", "Name"]) {
    const button = page.getByRole("columnheader", { name: column }).getByRole("button");
    sorts.push(await meter.cost(() => button.click()));
    await page.getByRole("columnheader", { name: column }).and(page.locator("[aria-sort]")).waitFor();
  }
  const list = page.getByRole("listbox");
  const open = async (act) => {
    const cost = await meter.cost(async () => {
      await act();
      await list.getByRole("option").first().waitFor();
    });
    await page.keyboard.press("Escape");
    await list.waitFor({ state: "detached" });
    return cost;
  };
  await page.getByRole("row", { name: /host-000003/ }).click();
  const moves = [];
  const fields = [];
  for (let round = 0; round < 5; round += 1) {
    await page.getByRole("row", { name: /host-000003/ }).click({ button: "right" });
    moves.push(await open(() => page.getByRole("menuitem", { name: "Move to group…" }).click()));
    fields.push(await open(() => page.getByRole("complementary", { name: "Details" }).getByRole("combobox", { name: "Group" }).click()));
  }
  return {
    "sorting by another column": { times: sorts, goal: MAX_SORT_MS },
    "groups to move to": { times: moves, goal: MAX_MENU_MS },
    "groups of a machine's field": { times: fields, goal: MAX_MENU_MS },
  };
}

/**
 * Everything that is measured with the huge library open: animation frames a second, the longest time without one, the processor
 * time of one, and that of keys and clicks.
 */
export async function measureHuge(page) {
  const grid = page.getByRole("grid");
  const tree = page.getByRole("navigation", { name: "Library" }).locator(".scroll");
  const meter = await openMeter(page);
  const scrolls = {};
  for (const [name, list, keys] of [
    ["table", grid, "Control+2"],
    ["tiles", grid, "Control+1"],
    ["group tree", tree, "Control+2"],
  ]) {
    await page.keyboard.press(keys);
    await page.getByRole("radio", { name: keys === "Control+1" ? "Tiles" : "Table", checked: true }).waitFor();
    await settled(page);
    for (const [way, act] of [["wheel", wheel], ["scroll bar", drag]]) {
      const before = await meter.spent();
      const counted = await act(page, list);
      scrolls[`${name}, ${way}`] = { ...counted, cost: ((await meter.spent()) - before) / counted.frames };
    }
  }
  const costs = {};
  await page.keyboard.press("Control+k");
  const bar = page.getByRole("combobox", { name: "Search or connect" });
  costs["command bar, a letter"] = await typeMeasured(page, meter, bar, "host-07 rack");
  costs["command bar, letters apart"] = await typeMeasured(page, meter, bar, "h7t5");
  await page.keyboard.press("Escape");
  await bar.waitFor({ state: "detached" });
  costs["filter, a letter"] = await typeMeasured(page, meter, page.getByLabel(/^Filter/), "host-07");
  await page.keyboard.press("Escape");
  await grid.focus();
  await page.keyboard.press("Home");
  costs["next row by keyboard"] = [];
  for (let row = 0; row < 10; row += 1) costs["next row by keyboard"].push(await meter.cost(() => page.keyboard.press("ArrowDown")));
  await grid.focus();
  await page.keyboard.press("Home");
  return { scrolls, costs, clicks: await clickMeasured(page, meter) };
}
