// What stands above the picture: keys that the system would keep, the quality, and how the link is.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { eventually, skipWithout, until } from "../desktop/processes.mjs";
import { shoot, skipWithoutMachine } from "./page.mjs";
import { inRemote, NAME, openListener, openSession, seen } from "./remote.mjs";
import { pointAt } from "./screen.mjs";

const options = { skip: skipWithoutMachine || skipWithout("xev", "setxkbmap", "openbox"), timeout: 300_000 };

test("keys that the system here would keep are sent from the menu", options, async (t) => {
  const opened = await openSession(t);
  const { page } = opened;
  // Some layouts make other keys of F1 to F12 with Ctrl and Alt.
  await inRemote(opened, "setxkbmap", "-layout", "us");
  const listener = await openListener(opened);
  await page.mouse.click(...(await pointAt(page, NAME, 400, 300)));
  await eventually("the click arrives", () => listener.heard().join(), "+1,-1");
  // A window manager takes some of them for itself. Without one, keys go where the pointer is.
  await inRemote(opened, "openbox", "--exit");
  await eventually("nobody keeps keys over there", () => inRemote(opened, "xdotool", "getactivewindow").catch(() => "none"), "none");
  const choose = async (name, inside) => {
    const before = listener.heard().length;
    await page.getByRole("button", { name: /^Keys/ }).click();
    if (inside) await page.getByRole("menuitem", { name: inside }).hover();
    await page.getByRole("menuitem", { name, exact: true }).click();
    return before;
  };
  const both = (key) => `+Control_L,+Alt_L,+${key},-${key},-Alt_L,-Control_L`;
  for (const [name, wanted, inside] of [
    ["Ctrl+Alt+Del Ctrl+Alt+End", both("Delete")],
    ["Ctrl+Alt+Backspace", both("BackSpace")],
    ["Alt+Tab", "+Alt_L,+Tab,-Tab,-Alt_L"],
    ["Super", "+Super_L,-Super_L"],
    ["Print screen", "+Print,-Print"],
    ["F5", "+F5,-F5", "Function keys"],
  ]) {
    await listener.hears(wanted, await choose(name, inside));
  }
  // X has another meaning for this one, to which the server finds its own way.
  const before = await choose("Ctrl+Alt+F7", "Ctrl+Alt+F1–F12");
  await eventually("Ctrl+Alt+F7 arrives", () => listener.heard().slice(before).join(), /^\+Control_L,\+Alt_L,.*\+(F7|XF86Switch_VT_7),.*-Alt_L,-Control_L$/);
  const down = new Set();
  for (const each of listener.heard().filter((one) => /^.\D/.test(one))) {
    if (each.startsWith("+")) down.add(each.slice(1));
    else down.delete(each.slice(1));
  }
  // What went down as F7 may come up as what X has on that key.
  assert.deepEqual([...down].filter((key) => !/F7|VT_7/.test(key)), [], "no key stays down");
});

test("the quality of a session is changed without changing what is saved", options, async (t) => {
  const opened = await openSession(t);
  const { page, context, farwired, session } = opened;
  const asked = async () => (await farwired.call("GET", `/session/${session.session_id}`)).quality;
  const open = async (on) => {
    await on.getByRole("button", { name: "More" }).click();
    return on.getByRole("menuitem", { name: /^Quality/ });
  };
  const choose = async (on, name) => {
    await (await open(on)).hover();
    await on.getByRole("menuitemcheckbox", { name }).click();
  };
  await (await open(page)).filter({ hasText: "automatic" }).hover();
  await page.getByRole("menuitemcheckbox", { name: "Automatic", checked: true }).waitFor();
  await shoot(page, "session-quality", { sizes: [page.viewportSize()] });
  await page.getByRole("menuitemcheckbox", { name: "Automatic", checked: true }).press("Escape");
  await eventually("the menus are closed", () => page.getByRole("menu").count(), 0);
  await choose(page, "Lossless");
  await eventually("the session is without losses", asked, "lossless");

  // A script has another one; the menu knows.
  await farwired.call("PUT", `/session/${session.session_id}`, { quality: 4 });
  await (await open(page)).filter({ hasText: "level 4" }).hover();
  await page.getByRole("menuitemcheckbox", { name: "Level 4", checked: true }).waitFor();
  await page.getByRole("menuitemcheckbox", { name: "Level 4", checked: true }).press("Escape");
  await eventually("the menus are closed", () => page.getByRole("menu").count(), 0);

  const [own] = await Promise.all([context.waitForEvent("page"), page.getByRole("button", { name: "Move to its own window" }).click()]);
  await seen(own);
  await choose(own, "Level 3, fair");
  await eventually("its own window chooses, too", asked, 3);
  await (await open(own)).filter({ hasText: "level 3, fair" }).waitFor();
  const [{ settings }] = await farwired.call("GET", "/connections");
  assert.equal(settings["vnc.quality"], undefined, "what is saved stays as it is");
});

test("the badge tells the truth about the link", options, async (t) => {
  const opened = await openSession(t);
  const { page, link, farwired, sandbox, session, env } = opened;
  const badge = page.getByRole("button", { name: "Session details" });
  const told = async () => {
    const text = await badge.innerText();
    const number = (pattern) => Number(pattern.exec(text)?.[1]?.replace(/\s/g, "") ?? Number.NaN);
    const [, amount, unit] = /([\d.]+) (B|kB|MB)\/s/.exec(text) ?? [];
    return { text, fps: number(/(\d+) fps/), ms: number(/([\d.]+) ms/), rate: Number(amount) * { B: 1, kB: 1e3, MB: 1e6 }[unit] };
  };
  // Without losses one codec does all.
  await farwired.call("PUT", `/session/${session.session_id}`, { quality: "lossless" });
  await eventually("nothing moves", told, ({ fps }) => fps === 0);

  // A line four times a second.
  const ticking = sandbox.start("xterm", ["-geometry", "40x8+400+300", "-e", "sh", "-c", "while :; do date +%N; sleep 0.25; done"], { env });
  await eventually("four pictures a second, more or less", told, ({ fps }) => fps >= 2 && fps <= 6);
  await sandbox.end(ticking);
  await eventually("nothing moves again", told, ({ fps }) => fps === 0);

  const quick = await eventually("the round trip here takes next to nothing", told, ({ ms }) => ms < 80);
  link.slow(100);
  await eventually(`the round trip takes 200 ms more than ${quick.ms}`, told, ({ ms }) => ms >= 200 && ms < 500);
  link.slow(0);
  await eventually("the link is quick again", told, ({ ms }) => ms < 80);

  // As much as the link itself has carried within the last seconds.
  sandbox.start("xterm", ["-geometry", "80x20+30+30", "-e", "sh", "-c", "while :; do head -c 1500 /dev/urandom | base64; sleep 0.1; done"], { env });
  const marks = [];
  const measured = () => {
    marks.push([Date.now(), link.brought()]);
    const [[at, bytes], [now, all]] = [marks.findLast(([at]) => Date.now() - at > 3000) ?? marks[0], marks.at(-1)];
    return now - at < 3000 ? Number.NaN : ((all - bytes) * 1000) / (now - at);
  };
  const both = async () => ({ ...(await told()), carried: measured() });
  await eventually("the rate is the link's", both, ({ rate, carried }) => carried > 1000 && rate > carried * 0.6 && rate < carried * 1.6);
  await shoot(page, "session-badge", { schemes: ["light"] });

  const { codec } = await farwired.call("GET", `/session/${session.session_id}`);
  assert.notEqual(codec, "");
  await eventually(`“${codec}” is shown`, told, ({ text }) => text.includes(codec));
  await farwired.call("DELETE", `/session/${session.session_id}`);
  // The server tells at the end what it sent.
  const log = () => readFileSync(join(sandbox.home, "machine/Xvnc.log"), "utf8");
  await until(`the server sent ${codec}`, () => new RegExp(`EncodeManager: +${codec}:`).test(log()));
});
