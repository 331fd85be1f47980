// A person's own keyboard, whatever its layout, types on a remote screen: a real browser on a real screen, a real VNC server.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { eventually, until } from "../desktop/processes.mjs";
import { Keys } from "./keys.mjs";
import { skipWithoutDisplay as skip } from "./page.mjs";
import { inRemote, locksOf, NAME, noKeyIsDown, openListener, openSession, seen } from "./remote.mjs";
import { pointAt } from "./screen.mjs";

const options = { skip, timeout: 600_000 };

const ROW1 = "Backquote Digit1 Digit2 Digit3 Digit4 Digit5 Digit6 Digit7 Digit8 Digit9 Digit0 Minus Equal";
const ROW2 = "KeyQ KeyW KeyE KeyR KeyT KeyY KeyU KeyI KeyO KeyP BracketLeft BracketRight";
const ROW3 = "KeyA KeyS KeyD KeyF KeyG KeyH KeyJ KeyK KeyL Semicolon Quote Backslash";
const ROW4 = "KeyZ KeyX KeyC KeyV KeyB KeyN KeyM Comma Period Slash";
const ALL = `${ROW1} ${ROW2} ${ROW3} ${ROW4}`;

/** These keys with others held. */
const held = (modifier, keys) => keys.split(" ").map((key) => `${modifier}+${key}`).join(" ");
const without = (keys, ...dead) => keys.split(" ").filter((key) => !dead.includes(key)).join(" ");
const shifted = (keys) => held("ShiftLeft", keys);
const level3 = (keys) => held("AltRight", keys);

/** Keys of each layout and what X says they type. */
const LAYOUTS = [
  ["us", ALL, "`1234567890-=qwertyuiop[]asdfghjkl;'\\zxcvbnm,./"],
  ["us", shifted(ALL), '~!@#$%^&*()_+QWERTYUIOP{}ASDFGHJKL:"|ZXCVBNM<>?'],
  ["us", `CapsLock KeyA ShiftLeft+KeyB Digit1 CapsLock KeyC`, "Ab1c"],
  ["de", `${without(ALL, "Backquote", "Equal")} IntlBackslash`, "1234567890ßqwertzuiopü+asdfghjklöä#yxcvbnm,.-<"],
  ["de", shifted(`${without(ALL, "Equal")} IntlBackslash`), "°!\"§$%&/()=?QWERTZUIOPÜ*ASDFGHJKLÖÄ'YXCVBNM;:_>"],
  ["de", level3("KeyQ KeyE KeyM Digit2 Digit3 Digit7 Digit8 Digit9 Digit0 Minus BracketRight IntlBackslash"), "@€µ²³{[]}\\~|"],
  ["de", "Backquote KeyA Backquote Space Equal KeyE ShiftLeft+Equal KeyA Equal ShiftLeft+KeyE Equal Space", "â^éàÉ'"],
  ["de", "CapsLock Semicolon Minus CapsLock Semicolon", "Öẞö"],
  ["fr", `${without(ALL, "BracketLeft")} IntlBackslash`, "²&é\"'(-è_çà)=azertyuiop$qsdfghjklmù*wxcvbn,;:!<"],
  ["fr", shifted(`${without(ALL, "BracketLeft", "Backquote")} IntlBackslash`), "1234567890°+AZERTYUIOP£QSDFGHJKLM%µWXCVBN?./§>"],
  ["fr", level3("Digit3 Digit4 Digit5 Digit6 Digit8 Digit9 Digit0 Minus Equal KeyE"), "#{[|\\^@]}€"],
  ["fr", "BracketLeft KeyE BracketLeft KeyQ ShiftLeft+BracketLeft KeyI ShiftLeft+BracketLeft KeyU", "êâïü"],
  ["ru", ALL, "ё1234567890-=йцукенгшщзхъфывапролджэ\\ячсмитьбю."],
  ["ru", shifted(ALL), 'Ё!"№;%:?*()_+ЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭ/ЯЧСМИТЬБЮ,'],
  ["us intl", "Quote KeyE ShiftLeft+Quote KeyU ShiftLeft+Backquote KeyN Backquote KeyA ShiftLeft+Digit6 KeyO Quote Space", "éüñàô'"],
  ["us intl", `${level3("KeyS Digit5 Comma")} ${shifted("KeyA Digit1")}`, "ß€çA!"],
];

/** Opens a machine on a screen with a keyboard, and clicks into its picture. */
async function openScreen(t, server) {
  const opened = await openSession(t, {}, { hasDisplay: true, server });
  const keys = new Keys(opened.sandbox);
  await keys.layout("us");
  const click = async () => opened.page.mouse.click(...(await pointAt(opened.page, NAME, 200, 200)));
  await click();
  // A window that opens over there before the click has arrived would get it. What comes after a click arrives after it.
  await opened.page.mouse.move(...(await pointAt(opened.page, NAME, 210, 210)));
  await eventually("the click has arrived", () => inRemote(opened, "xdotool", "getmouselocation"), /^x:210 y:210 /);
  return { ...opened, keys, click };
}

/** Lets the remote shell write down what it gets; returns what came, line by line. */
async function openNotes({ sandbox, keys }) {
  const proof = join(sandbox.home, "typed");
  await keys.press("KeyC KeyA KeyT Space ShiftLeft+Period Space KeyT KeyY KeyP KeyE KeyD Enter");
  await until("the remote shell writes", () => existsSync(proof));
  const lines = () => readFileSync(proof, "utf8").split("\n").slice(0, -1);
  return { lines, line: async (number) => await until(`line ${number} is there`, () => lines()[number]) };
}

/** Opens another window on the screen of the browser, which then has no keyboard; the returned function closes it. */
async function openOther({ sandbox, page }) {
  const other = sandbox.start("xterm", ["-title", "Other", "-geometry", "20x4-0-0"]);
  await until("the browser has lost the keyboard", () => page.evaluate(() => !document.hasFocus()));
  return async () => {
    await sandbox.end(other);
    await until("the browser has the keyboard again", () => page.evaluate(() => document.hasFocus()));
  };
}

/** Types every line on a machine that has this layout for each, and compares what arrived. */
async function typeLines(opened, lines, remoteLayout) {
  const notes = await openNotes(opened);
  const remote = new Keys(opened.sandbox, opened.env);
  for (const [number, [layout, strokes]] of lines.entries()) {
    await opened.keys.layout(layout);
    await remote.layout(remoteLayout(layout));
    await opened.keys.press(`${strokes} Enter`);
    await notes.line(number);
  }
  assert.deepEqual(notes.lines(), lines.map(([, , text]) => text));
  await noKeyIsDown(opened);
}

test("each layout types what is printed on its keys, on a machine that has the same", options, async (t) => {
  const opened = await openScreen(t);
  await typeLines(opened, LAYOUTS, (layout) => layout);
  await opened.display.shoot("keyboard-layouts");
});

test("each layout types what is printed on its keys, on a machine that has another", options, async (t) => {
  // Xvnc makes room for about twenty characters that its layout lacks, which is less than an alphabet.
  const lines = LAYOUTS.filter(([layout]) => layout !== "ru");
  await typeLines(await openScreen(t), [...lines, ["ru", "KeyG ShiftLeft+KeyH KeyB Digit1", "пРи1"]], () => "us");
});

test("a machine that takes keys by their place composes on its own", options, async (t) => {
  const opened = await openScreen(t, "-RawKeyboard=1");
  // What is printed on a key here is nothing to such a machine: a British keyboard types Russian on a Russian one.
  const lines = [...LAYOUTS, ["gb", "KeyF ShiftLeft+KeyG", "аП"]];
  await typeLines(opened, lines, (layout) => (layout === "gb" ? "ru" : layout));
});

test("at 50 keys a second none is lost and none is stuck", options, async (t) => {
  const opened = await openScreen(t);
  const notes = await openNotes(opened);
  const words = "The quick brown Fox jumps over 13 lazy Dogs! ".repeat(2).trim();
  /** Types three lines and returns how many keys a second that were. */
  const type = async (delay) => {
    const began = Date.now();
    for (let line = 0; line < 3; line += 1) await opened.sandbox.run("xdotool", ["type", "--delay", String(delay), `${words}\n`]);
    return (3 * (words.length + 1) * 1000) / (Date.now() - began);
  };
  // On a busy machine pauses get longer than they were meant to be: they are made shorter until the keys are quick enough.
  let [rate, typed] = [0, 0];
  for (let delay = 20; rate <= 40 && delay >= 0; delay -= 4) {
    rate = await type(delay);
    typed += 3;
    await notes.line(typed - 1);
  }
  assert.deepEqual(notes.lines(), Array(typed).fill(words));
  assert.ok(rate > 40, `${rate} keys a second are no test`);
  // Fingers that overlap: a key goes down before the one before it is up.
  const letters = "KeyQ KeyW KeyE KeyR KeyT KeyY KeyU KeyI KeyO KeyP".split(" ");
  await opened.keys.roll(Array(10).fill(letters).flat(), 20);
  await opened.keys.press("Enter");
  assert.equal(await notes.line(typed), "qwertyuiop".repeat(10));
  await noKeyIsDown(opened);
});

test("keys and buttons that are down when the screen loses the keyboard come up over there", options, async (t) => {
  const opened = await openScreen(t);
  const { keys, page, click } = opened;
  const listener = await openListener(opened);
  await click();
  await listener.hears("+1,-1");
  await keys.down("ShiftLeft");
  await keys.down("KeyA");
  await page.mouse.down({ button: "right" });
  await until("all are down", () => ["+Shift_L", "+A", "+3"].every((each) => listener.heard().includes(each)));
  const close = await openOther(opened);
  const ups = () => listener.heard().filter((each) => each.startsWith("-")).map((each) => each.toLowerCase());
  await until("all are up", () => ["-shift_l", "-a", "-3"].every((each) => ups().includes(each)));
  await noKeyIsDown(opened);
  await keys.up("KeyA");
  await keys.up("ShiftLeft");
  await page.mouse.up({ button: "right" });
  await close();

  // Another tab of the window is as far away as another window.
  await click();
  const before = listener.heard().length;
  await keys.down("ControlLeft");
  await until("it is down", () => listener.heard().slice(before).includes("+Control_L"));
  await page.getByRole("tab", { name: "Machines" }).click();
  await until("it is up", () => listener.heard().slice(before).includes("-Control_L"));
  await keys.up("ControlLeft");
  await noKeyIsDown(opened);
});

test("Caps Lock and Num Lock over there follow this keyboard", options, async (t) => {
  const opened = await openScreen(t);
  const { keys, page, farwired, click } = opened;
  const notes = await openNotes(opened);
  const remote = new Keys(opened.sandbox, opened.env);
  const locks = async () => Object.entries(await locksOf(opened)).filter(([, isOn]) => isOn).map(([name]) => name).join();
  /** Presses a lock key here while the remote screen does not have the keyboard. */
  const pressElsewhere = async (name) => {
    const close = await openOther(opened);
    await keys.press(name);
    await close();
  };
  await keys.press("KeyA");
  await eventually("no lock is on", locks, "");
  await pressElsewhere("CapsLock");
  await keys.press("KeyB KeyC Enter");
  assert.equal(await notes.line(0), "aBC");
  await eventually("capitals are locked", locks, "caps");

  await pressElsewhere("NumLock");
  await keys.press("KeyA Numpad7 Numpad8 Enter");
  assert.equal(await notes.line(1), "A78");
  await eventually("both are locked", locks, "caps,num");

  // The lock key itself, pressed where it belongs, is not undone.
  await keys.press("CapsLock KeyA CapsLock KeyB CapsLock KeyC Enter");
  assert.equal(await notes.line(2), "aBc");
  await eventually("numbers alone are locked", locks, "num");

  // Somebody over there, or another viewer, presses it.
  await remote.press("CapsLock");
  await until("capitals are off again", async () => {
    await keys.press("KeyA");
    return (await locks()) === "num";
  });
  await keys.press("Enter");
  assert.match(await notes.line(3), /^a+$/);

  // A page that comes later knows the locks that were told before.
  await pressElsewhere("NumLock");
  await page.goto("about:blank");
  await page.goto(await farwired.newLink());
  await page.getByRole("tab", { name: NAME }).click();
  await seen(page);
  await click();
  await keys.press("KeyA");
  await eventually("no lock is on", locks, "");
  await noKeyIsDown(opened);
});
