// A session in a window of its own: the same session, another place to see it.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { eventually, until } from "../desktop/processes.mjs";
import { assertAccessible, shoot, skipWithoutMachine as skip } from "./page.mjs";
import { NAME, openSession, seen } from "./remote.mjs";
import { canvasOf, pointAt } from "./screen.mjs";

const options = { skip, timeout: 300_000 };
const SMALL = { sizes: [{ width: 1280, height: 800 }] };
/** The smallest window there can be. */
const LEAST = { sizes: [...SMALL.sizes, { width: 760, height: 480 }] };

/** Does what opens a window for the session, and waits until its picture is there. */
async function moveOut({ context, page }, act) {
  const [own] = await Promise.all([context.waitForEvent("page"), act()]);
  await seen(own);
  await page.getByRole("tab", { name: NAME }).waitFor({ state: "detached" });
  return own;
}

/** Asserts that nothing was opened anew, neither here nor on the machine. */
async function assertSame({ farwired, session, link, machine }, name) {
  const sessions = await farwired.call("GET", "/sessions");
  assert.deepEqual(sessions.map((one) => [one.session_id, one.state]), [[session.session_id, "connected"]], name);
  assert.equal(link.opened(), 1, `${name}: connections to the machine`);
  assert.equal(machine.viewers(), 1, `${name}: viewers`);
}

test("a session moves to a window of its own and back without connecting anew", options, async (t) => {
  const opened = await openSession(t);
  const { page, sandbox } = opened;
  const own = await moveOut(opened, () => page.getByRole("button", { name: "Move to its own window" }).click());
  await eventually("its title", () => own.title(), NAME);
  await eventually("no token is in the address", () => new URL(own.url()).hash, /^#session=\w+$/);
  await assertSame(opened, "in its own window");
  await shoot(own, "own-window", LEAST);
  await shoot(page, "own-window-main", SMALL);

  // It is a session like any other there.
  const proof = join(sandbox.home, "typed-over-there");
  await own.mouse.click(...(await pointAt(own, NAME, 200, 200)));
  await own.keyboard.type(`touch '${proof}'\n`);
  await until("what was typed in its window has run", () => existsSync(proof));

  // The library knows it as open, and opening it again makes no second one.
  const row = page.getByRole("row", { name: new RegExp(NAME) });
  await row.getByRole("img", { name: "In control" }).waitFor();
  await row.dblclick();
  await assertSame(opened, "opened again");
  assert.equal(await page.getByRole("tab", { name: NAME }).count(), 0);
  assert.equal(opened.context.pages().length, 2);

  // The window may be gone before the click is said to be done.
  const closed = own.waitForEvent("close");
  await own.getByRole("button", { name: "Back to the main window" }).click().catch((problem) => {
    if (!own.isClosed()) throw problem;
  });
  await closed;
  await page.getByRole("tab", { name: NAME, selected: true }).waitFor();
  await seen(page);
  await assertSame(opened, "back again");

  // Closing the window instead brings the tab back too, but not to the front.
  await page.getByRole("tab", { name: "Machines" }).click();
  await page.getByRole("tab", { name: NAME }).click({ button: "right" });
  await assertAccessible(page, "tab menu");
  const again = await moveOut(opened, () => page.getByRole("menuitem", { name: "Move to its own window" }).click());
  await again.close();
  await page.getByRole("tab", { name: NAME }).waitFor();
  await eventually("the machines stay in front", () => page.getByRole("tab", { name: "Machines", selected: true }).count(), 1);
  await assertSame(opened, "closed");
});

test("the remote desktop follows the window that shows it, and none other", options, async (t) => {
  const opened = await openSession(t, { "vnc.resize": true });
  const { page, farwired, session } = opened;
  const size = async () => {
    const { width, height } = await farwired.call("GET", `/session/${session.session_id}`);
    return [width, height];
  };
  await eventually("the desktop is as large as its tab", size, ([width]) => width > 1200);
  await page.mouse.click(...(await pointAt(page, NAME, 200, 200)));
  const own = await moveOut(opened, () => page.keyboard.press("Control+Alt+w"));
  await own.setViewportSize({ width: 900, height: 640 });
  await eventually("it is as large as the window", size, ([width]) => width === 900);
  await page.setViewportSize({ width: 1100, height: 700 });
  await page.waitForTimeout(600);
  assert.equal((await size())[0], 900);
  // A stream that opens late, as on a busy machine: the page knows long before that the session is there.
  await page.route("**/ticket", async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await route.continue().catch(() => undefined);
  });
  await own.mouse.click(...(await pointAt(own, NAME, 200, 200)));
  // The window is gone before the keys come up.
  const closed = own.waitForEvent("close");
  await own.keyboard.press("Control+Alt+w").catch(() => undefined);
  await closed;
  await eventually("it is as large as its tab again", size, ([width]) => width === 1100);
});

test("a session that ends in its own window comes back as nothing", options, async (t) => {
  const opened = await openSession(t);
  const { page, farwired, machine } = opened;
  await page.keyboard.press("Control+Alt+k");
  await page.keyboard.type("own window");
  const own = await moveOut(opened, () => page.getByRole("option", { name: `Move ${NAME} to its own window` }).click());
  const closed = own.waitForEvent("close");
  await own.getByRole("button", { name: "More" }).click();
  await assertAccessible(own, "menu of an own window");
  await own.getByRole("menuitem", { name: "Disconnect" }).click();
  await closed;
  await eventually("no session is left", () => farwired.call("GET", "/sessions"), []);
  await eventually("the machine has no viewer", machine.viewers, 0);
  await page.waitForTimeout(500);
  assert.equal(await page.getByRole("tab", { name: NAME }).count(), 0);
});

test("a window of its own goes with the page it came from, and its session stays", options, async (t) => {
  const opened = await openSession(t);
  const { page, context, farwired } = opened;
  const own = await moveOut(opened, () => page.getByRole("button", { name: "Move to its own window" }).click());

  // Loaded anew, it is signed in again by the page that opened it.
  await own.reload();
  await seen(own);
  await assertSame(opened, "loaded anew");
  await own.getByRole("button", { name: "More" }).click();
  await own.getByRole("menuitem", { name: "Details of the machine" }).click();
  await page.getByRole("complementary", { name: "Details" }).getByRole("textbox", { name: "Name", exact: true }).waitFor();

  const closed = own.waitForEvent("close");
  await page.goto("about:blank");
  await closed;
  await eventually("one page is left", () => context.pages().length, 1);
  await page.goto(await farwired.newLink());
  await page.getByRole("tab", { name: NAME }).click();
  await seen(page);
  await assertSame(opened, "after the page is there again");
});

test("in full screen the toolbar hides at the edge and comes when it is wanted", options, async (t) => {
  const opened = await openSession(t);
  const { page } = opened;
  const bar = page.getByRole("toolbar", { name: "Session" });
  const isFull = () => page.evaluate(() => document.fullscreenElement !== null);
  const middle = async () => await page.mouse.move(640, 500);
  await middle();
  await page.mouse.click(...(await pointAt(page, NAME, 200, 200)));
  await page.keyboard.press("Control+Alt+Enter");
  await until("the page is full screen", isFull);
  await page.getByText(`All keys go to ${NAME}. Ctrl+Alt+G gives the keyboard back`).waitFor();
  await shoot(page, "full-screen-entry", SMALL);
  // The strip keeps its place, so that nothing moves when it is back; nobody sees it or comes to it by Tab.
  const strip = page.getByRole("tab", { name: NAME, includeHidden: true });
  assert.ok((await strip.boundingBox()).height > 0, "the strip has its place");
  await eventually("the strip does not show through", () => strip.isVisible(), false);
  await bar.waitFor({ state: "hidden" });
  await seen(page);
  const box = async () => {
    const { x, y, height } = await page.getByRole("tabpanel", { name: NAME }).boundingBox();
    return [x, y, height];
  };
  await eventually("it fills the window", box, [0, 0, page.viewportSize().height]);
  await shoot(page, "full-screen", SMALL);

  // The pointer.
  await page.mouse.move(600, 0);
  await bar.waitFor();
  await bar.getByRole("button", { name: "Keys" }).click();
  await page.mouse.move(600, 300);
  await page.waitForTimeout(700);
  assert.ok(await bar.isVisible(), "it stays while one of its menus is open");
  await shoot(page, "full-screen-menu", SMALL);
  await page.keyboard.press("Escape");
  await bar.waitFor({ state: "hidden" });

  // The keyboard.
  await page.keyboard.press("Control+Alt+b");
  await bar.waitFor();
  await eventually("the bar has the focus", () => bar.evaluate((element) => element.contains(document.activeElement)), true);
  await shoot(page, "full-screen-bar", SMALL);
  await page.keyboard.press("Escape");
  await bar.waitFor({ state: "hidden" });

  // Pinned it takes a place of its own, above the picture.
  await page.mouse.move(600, 0);
  await bar.getByRole("button", { name: "Keep the toolbar in sight" }).click();
  await middle();
  await page.waitForTimeout(700);
  const tops = async () => [(await bar.boundingBox()).height, (await canvasOf(page, NAME).boundingBox()).y];
  await eventually("the picture is below the bar", tops, ([height, y]) => y >= height);
  await shoot(page, "full-screen-pinned", LEAST);
  await bar.getByRole("button", { name: "Keep the toolbar in sight", pressed: true }).click();
  await bar.waitFor({ state: "hidden" });

  await page.mouse.move(600, 0);
  await bar.getByRole("button", { name: "Leave full screen" }).click();
  await until("the page is in its window", async () => !(await isFull()));
  await eventually("the strip is there", async () => (await bar.boundingBox()).y, (y) => y > 20);

  // Whoever leaves the session leaves full screen.
  await page.keyboard.press("Control+Alt+Enter");
  await until("the page is full screen", isFull);
  await page.keyboard.press("Control+Alt+PageDown");
  await until("the library is in the window", async () => !(await isFull()));
});
