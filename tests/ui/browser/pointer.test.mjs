// A person's mouse and touch pad on a remote screen: every button, the wheel, and the very pixel that is pointed at.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { eventually } from "../desktop/processes.mjs";
import { skipWithoutDisplay as skip } from "./page.mjs";
import { inRemote, NAME, openListener, openSession } from "./remote.mjs";
import { canvasOf, pointAt } from "./screen.mjs";

const options = { skip, timeout: 600_000 };

test("every button and the wheel of a mouse work over there", options, async (t) => {
  const opened = await openSession(t, {}, { hasDisplay: true });
  const { page, sandbox } = opened;
  const listener = await openListener(opened);
  await page.mouse.click(...(await pointAt(page, NAME, 300, 200)));
  await listener.hears("+1,-1");
  // The pointer of the screen itself, over the middle of the picture.
  await sandbox.run("xdotool", ["mousemove", "680", "520"]);
  const address = page.url();
  let before = 2;
  // X counts: left, middle, right, wheel up, down, left, right.
  for (const button of [1, 2, 3, 4, 5, 6, 7]) {
    await sandbox.run("xdotool", ["click", String(button)]);
    await listener.hears(`+${button},-${button}`, before);
    before += 2;
  }
  // Xvnc stops at the seventh: back and forward are seen to leave the page, and to lead nowhere else.
  const sent = await pointerMessages(page);
  await sandbox.run("xdotool", ["click", "8", "click", "9", "click", "1"]);
  await listener.hears("+1,-1", before);
  await eventually("what left the page", () => sent.map((message) => message.readUInt16LE(5)), [8, 0, 16, 0, 1, 0]);
  assert.equal(page.url(), address);
  before += 2;
  // Two buttons at once, and a key that goes with the wheel.
  await sandbox.run("xdotool", ["mousedown", "1", "mousedown", "3", "mouseup", "1", "mouseup", "3"]);
  await listener.hears("+1,+3,-1,-3", before);
  before += 4;
  await sandbox.run("xdotool", ["keydown", "ctrl", "click", "4", "keyup", "ctrl"]);
  await listener.hears("+Control_L,+4,-4,-Control_L", before);
  before += 4;
  // Quicker than any hand: browsers, and window managers over there, let a key overtake a button that came less than a
  // millisecond before it. What belongs together keeps its order all the same, and the key stays down as long as it is held.
  const arrived = () => listener.heard().slice(before);
  for (let time = 0; time < 8; time += 1) {
    await sandbox.run("xdotool", ["mousedown", "1", "mousedown", "3", "mouseup", "1", "mouseup", "3", "keydown", "ctrl", "click", "4", "keyup", "ctrl"]);
    await eventually("all of it has arrived", arrived, (all) => all.length >= 8);
    const isButton = (each) => /[13]$/.test(each);
    assert.equal(arrived().filter(isButton).join(), "+1,+3,-1,-3");
    assert.equal(arrived().filter((each) => !isButton(each)).join(), "+Control_L,+4,-4,-Control_L");
    before += 8;
  }
});

/** Collects what the page says about the pointer from now on. */
async function pointerMessages(page) {
  const sent = [];
  const session = await page.context().newCDPSession(page);
  session.on("Network.webSocketFrameSent", ({ response }) => {
    const bytes = Buffer.from(response.payloadData, "base64");
    if (response.opcode === 2 && bytes[0] === 3) sent.push(bytes);
  });
  await session.send("Network.enable");
  return sent;
}

test("a touch pad scrolls as far as fingers move, not a notch for every touch", options, async (t) => {
  const opened = await openSession(t);
  const { page } = opened;
  const listener = await openListener(opened);
  const [clientX, clientY] = await pointAt(page, NAME, 300, 200);
  const screen = page.getByRole("tabpanel", { name: NAME }).getByRole("application");
  // The browser's driver turns every move into a whole notch; a touch pad's events say how far, pixel by pixel.
  const swipe = async (times, deltaX, deltaY) => {
    const turn = { deltaX, deltaY, wheelDeltaX: -deltaX, wheelDeltaY: -deltaY, clientX, clientY, bubbles: true, cancelable: true };
    await screen.evaluate((element, [count, init]) => {
      for (let step = 0; step < count; step += 1) element.dispatchEvent(new WheelEvent("wheel", init));
    }, [times, turn]);
  };
  const notches = (button) => listener.heard().filter((each) => each === `+${button}`).length;
  await swipe(60, 0, 10);
  await eventually("five notches down", () => notches(5), (count) => count >= 5);
  await swipe(60, -4, 0);
  await eventually("two notches to the left", () => notches(6), (count) => count >= 2);
  await swipe(1, 0, -240);
  await eventually("two notches up", () => notches(4), (count) => count >= 2);
  assert.deepEqual([4, 5, 6, 7].map(notches), [2, 5, 2, 0]);
});

for (const deviceScaleFactor of [1, 1.5, 2]) {
  test(`the pixel under the pointer is pointed at, at every zoom, with ${deviceScaleFactor} pixels for one`, options, async (t) => {
    const opened = await openSession(t, {}, { deviceScaleFactor });
    const { page } = opened;
    const size = page.getByRole("radiogroup", { name: "Size" });
    const fitTo = (name) => async () => {
      await size.getByText(name).click();
      await size.getByRole("radio", { name, checked: true }).waitFor();
    };
    const zoomTo = (name) => async () => {
      await page.getByRole("button", { name: /^Zoom/ }).click();
      await page.getByRole("menuitemcheckbox", { name, exact: true }).click();
      await page.getByRole("menu").waitFor({ state: "detached" });
      await page.getByRole("button", { name: `Zoom ${name}`, exact: true }).waitFor();
    };
    const choices = [
      ...["Fit", "Fill", "1:1"].map((name) => [name, fitTo(name)]),
      ...["50 %", "75 %", "150 %", "200 %"].map((name) => [name, zoomTo(name)]),
    ];
    for (const [name, choose] of choices) {
      await choose();
      await pointEverywhere(opened, name, deviceScaleFactor);
    }
  });
}

/** Points at places all over the picture that are in sight, each on a whole pixel of this screen. */
async function pointEverywhere(opened, name, factor) {
  const { page } = opened;
  const look = async () => [await page.getByRole("tabpanel", { name: NAME }).locator(".view").boundingBox(), await canvasOf(page, NAME).boundingBox()];
  let before;
  const [view, box] = await eventually(`${name}: the picture rests`, look, (now) => {
    const isSame = isDeepStrictEqual(now, before);
    before = now;
    return isSame;
  });
  const [width, height] = await canvasOf(page, NAME).evaluate((canvas) => [canvas.width, canvas.height]);
  const scale = box.width / width;
  const isSeen = (x, y) => x > view.x + 1 && y > view.y + 1 && x < view.x + view.width - 20 && y < view.y + view.height - 20;
  let count = 0;
  for (const [x, y] of [[0, 0], [1, 1], [7, 3], [133, 71], [301, 202], [400, 280], [517, 399], [650, 433], [798, 558], [799, 559]]) {
    const wanted = [box.x + (x + 0.5) * scale, box.y + (y + 0.5) * scale];
    if (x >= width || y >= height || !isSeen(...wanted)) continue;
    // A mouse stands on a pixel of this screen; its place is told as that pixel's corner.
    const [left, top] = wanted.map((each) => Math.floor(each * factor) / factor);
    await page.mouse.move(left, top);
    // What the picture shows there: the remote pixels that share the pixel of this screen.
    const first = [left - box.x, top - box.y].map((each) => Math.floor(each / scale + 0.001));
    const last = [left - box.x, top - box.y].map((each) => Math.ceil((each + 1 / factor) / scale - 0.001) - 1);
    const there = async () => /^x:(\d+) y:(\d+) /.exec(await inRemote(opened, "xdotool", "getmouselocation")).slice(1).map(Number);
    const limits = `${name}: ${x},${y} is between ${first} and ${last}`;
    await eventually(limits, there, (place) => place.every((each, at) => first[at] <= each && each <= last[at]));
    count += 1;
  }
  assert.ok(count >= 3, `${name}: only ${count} places are in sight`);
}
