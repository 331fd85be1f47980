// Lists beside that of the machines, far longer than anybody's: each opens at once and is reached to its end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../desktop/processes.mjs";
import { drag, openMeter } from "./pace.mjs";
import { goToSettings, openPage, shoot, skip } from "./page.mjs";

const options = { skip, timeout: 300_000 };

/** The goal is 100 ms of the page's thread; this is what a busy machine makes of it. */
const MAX_OPEN_MS = 250;
/** The most rows a list may draw: what is seen on a large screen, and a little beyond it. */
const MAX_DRAWN = 120;

const KEYS = 10_000;
const NEARBY = 500;

/** Keys as the API lists them; one of a thousand was changed. */
const keys = Array.from({ length: KEYS }, (_, at) => ({
  id: `t_${at}`,
  host: `host-${String((at * 7919) % KEYS).padStart(5, "0")}.plant-${at % 12}.example`,
  port: 22,
  kind: "ssh",
  algorithm: "ssh-ed25519",
  fingerprint: `SHA256:${String(at).padStart(43, "k")}`,
  known_fingerprint: at % 1000 === 77 ? `SHA256:${String(at).padStart(43, "o")}` : null,
  state: at % 1000 === 77 ? "changed" : "trusted",
  first_seen: 1_700_000_000 + at,
  last_seen: 1_750_000_000 + at,
}));

const nearby = Array.from({ length: NEARBY }, (_, at) => ({
  uid: `n_${at}`,
  name: `press-${String(at).padStart(3, "0")}`,
  protocol: at % 3 === 0 ? "SSH" : "VNC",
  host: `10.0.${at >> 8}.${at & 255}`,
  port: 5900,
  source: "mdns",
  saved_as: null,
}));

/** Answers a request of the page with what no test could make in its time. */
async function answer(page, path, body) {
  await page.route((url) => url.pathname === path, (route) => route.fulfill({ json: body }));
}

test("10,000 keys and 500 machines nearby open without a wait, and scroll", options, async (t) => {
  const { page, farwired } = await openPage(t, { isSignedIn: false });
  await answer(page, "/trust", keys);
  await answer(page, "/nearby", nearby);
  await farwired.save("press-04", { port: 5901 });
  await page.goto(farwired.link);
  await page.getByRole("row", { name: /press-04/ }).waitFor();
  const meter = await openMeter(page);
  const library = page.getByRole("navigation", { name: "Library" });
  for (const { name, place, role, first, last, keys: typed, found } of [
    { name: "nearby", place: "Nearby", role: "grid", first: "press-000", last: "press-499" },
    { name: "trust", place: /^Trust/, role: "table", first: /^host-\d+.*changed/i, last: /host-09999/, keys: "host-07777", found: /host-07777/ },
  ]) {
    const list = page.getByRole("main").getByRole(role);
    const row = (of) => list.getByRole("row", { name: of });
    const cost = await meter.cost(async () => {
      await library.getByRole("button", { name: place }).click();
      await row(first).first().waitFor();
    });
    t.diagnostic(`${name}: ${cost.toFixed(1)} ms of the page's thread to open`);
    assert.ok(cost <= MAX_OPEN_MS, `${name} took ${cost.toFixed(1)} ms`);
    await eventually("only what is seen is drawn", () => list.getByRole("row").count(), (count) => count < MAX_DRAWN);
    await shoot(page, `huge-${name}`);
    const scroller = list.locator(".scroll");
    await drag(page, scroller);
    await scroller.evaluate((element) => (element.scrollTop = element.scrollHeight));
    await row(last).waitFor();
    await eventually("only what is seen is drawn", () => list.getByRole("row").count(), (count) => count < MAX_DRAWN);
    await shoot(page, `huge-${name}-end`);
    if (!typed) continue;
    await page.keyboard.press("Control+f");
    await page.keyboard.type(typed);
    await row(found).waitFor();
    await eventually("its heading and what was found are there", () => list.getByRole("row").count(), 2);
  }
});

test("a history of 10,000 changes opens without a wait, and goes on a page at a time", options, async (t) => {
  const { page } = await openPage(t);
  const changes = Array.from({ length: 10_000 }, (_, at) => ({
    id: `x_${at}`,
    at: 1_750_000_000 - at * 60,
    who: "ui",
    who_name: "window",
    run: null,
    undoes: [],
    restores: null,
    undone: at % 10 === 3,
    kinds: ["connection"],
    count: 1,
    things: [{ kind: "connection", id: `c_${at}`, name: `host-${at}`, action: "update" }],
  }));
  await page.route(
    (url) => url.pathname === "/history",
    (route) => {
      const { searchParams } = new URL(route.request().url());
      const start = Number(searchParams.get("start"));
      return route.fulfill({ json: changes.slice(start, start + Number(searchParams.get("limit"))) });
    },
  );
  await goToSettings(page, "Backups");
  const meter = await openMeter(page);
  const entries = page.getByRole("list", { name: "History" }).getByRole("listitem");
  const older = page.getByRole("button", { name: "Show older changes" });
  const measure = async (what, act, count) => {
    const cost = await meter.cost(async () => {
      const answered = page.waitForResponse((response) => response.url().endsWith(`&start=${Math.floor((count - 1) / 1000) * 1000}`));
      await act();
      await answered;
    });
    await (count < changes.length ? older.and(page.locator(":enabled")).waitFor() : older.waitFor({ state: "detached" }));
    await eventually("only what is seen is drawn", () => entries.count(), (count) => count < MAX_DRAWN);
    t.diagnostic(`${what}: ${cost.toFixed(1)} ms of the page's thread`);
    assert.ok(cost <= MAX_OPEN_MS, `${what} took ${cost.toFixed(1)} ms`);
  };
  await measure("history", () => page.getByRole("navigation", { name: "Settings" }).getByRole("button", { name: "History" }).click(), 100);
  await shoot(page, "huge-history");
  for (const count of [200, 400, 800, 1600, 3200, 6400, 10_000]) {
    await measure(`${count} changes`, () => older.click(), count);
  }
  const last = entries.filter({ hasText: /host-9999/ });
  await page.locator(".scroll", { has: page.getByRole("list", { name: "History" }) }).evaluate((element) => (element.scrollTop = element.scrollHeight));
  await last.waitFor();
  await shoot(page, "huge-history-end");
});

test("10,000 machines are selected without a wait", options, async (t) => {
  const { page } = await openPage(t, { isHuge: true });
  await page.getByRole("row", { name: /host-000000/ }).waitFor({ timeout: 120_000 });
  const meter = await openMeter(page);
  await page.getByRole("treeitem", { name: /^Group 0,/ }).click();
  const row = page.getByRole("row", { name: /host-/ });
  await row.nth(3).click();
  const details = page.getByRole("complementary", { name: "Details" });
  for (const [what, act] of [
    ["all of them", () => page.keyboard.press("Control+a")],
    ["one less", () => row.nth(5).click({ modifiers: ["Control"] })],
    ["one more", () => row.nth(5).click({ modifiers: ["Control"] })],
  ]) {
    const cost = await meter.cost(act);
    t.diagnostic(`${what}: ${cost.toFixed(1)} ms of the page's thread`);
    assert.ok(cost <= MAX_OPEN_MS, `${what} took ${cost.toFixed(1)} ms`);
  }
  await details.getByRole("heading", { name: /10.000 machines/ }).waitFor();
  await shoot(page, "huge-many");
});
