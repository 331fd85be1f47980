import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Wish } from "./host";
import { Popups } from "./popups";

const ORIGIN = window.location.origin;

/** A window that was opened: what it is told, and whether it is there. */
function fakeWindow() {
  return { closed: false, focus: vi.fn(), postMessage: vi.fn(), close: vi.fn(function (this: { closed: boolean }) { this.closed = true; }) };
}
type Fake = ReturnType<typeof fakeWindow>;

function say(source: Fake, data: unknown, origin = ORIGIN): void {
  const event = new MessageEvent("message", { data, origin });
  Object.defineProperty(event, "source", { value: source });
  window.dispatchEvent(event);
}

let shown: string[][];
let wishes: Wish[];
let popups: Popups;
let opened: Fake;

beforeEach(async () => {
  vi.useFakeTimers();
  opened = fakeWindow();
  vi.stubGlobal("open", vi.fn(() => opened));
  [shown, wishes] = [[], []];
  popups = new Popups(() => "secret");
  await popups.watch({ shown: (ids) => shown.push([...ids]), wished: (wish) => wishes.push(wish) });
});

afterEach(() => {
  popups.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("hands the token only to a window it opened, and only while that holds our page", async () => {
  const stranger = fakeWindow();
  await popups.open("one");
  expect(JSON.stringify(vi.mocked(window.open).mock.calls)).not.toContain("secret");
  say(stranger, { farwire: "ready" });
  say(opened, { farwire: "ready" }, "https://elsewhere.example");
  expect(stranger.postMessage).not.toHaveBeenCalled();
  expect(opened.postMessage).not.toHaveBeenCalled();
  say(opened, { farwire: "ready" });
  expect(opened.postMessage).toHaveBeenCalledWith({ farwire: "welcome", token: "secret" }, ORIGIN);
});

it("opens one window for a session and brings it forward after that", async () => {
  expect(await popups.open("one")).toBe(true);
  expect(await popups.open("one")).toBe(true);
  expect(window.open).toHaveBeenCalledTimes(1);
  expect(opened.focus).toHaveBeenCalledTimes(1);
});

it("says so when the browser lets no window be opened", async () => {
  vi.stubGlobal("open", vi.fn(() => null));
  expect(await popups.open("one")).toBe(false);
  expect(shown).toEqual([[]]);
});

it("tells when windows come, show another session, and go", async () => {
  await popups.open("one");
  say(opened, { farwire: "shows", session: "two" });
  opened.closed = true;
  vi.advanceTimersByTime(1000);
  expect(shown).toEqual([[], ["one"], ["two"], []]);
});

it("gives a session back before its wish is heard", async () => {
  const wish: Wish = { kind: "session", session: "one" };
  await popups.open("one");
  say(opened, { farwire: "ask", wish: { kind: "search" } });
  say(opened, { farwire: "leave", wish });
  expect(shown.at(-1)).toEqual([]);
  expect(wishes).toEqual([{ kind: "search" }, wish]);
  expect(opened.close).toHaveBeenCalled();
});
