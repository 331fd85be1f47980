import { beforeEach, describe, expect, test, vi } from "vitest";

const { menu, quit } = vi.hoisted(() => {
  // The layout asks for the window's width, which is nowhere here.
  window.matchMedia = () => Object.assign(new EventTarget(), { matches: false }) as MediaQueryList;
  return { menu: vi.fn(), quit: vi.fn() };
});
vi.mock("../host", async (original) => {
  const actual = await original<typeof import("../host")>();
  return { ...actual, host: Object.assign(actual.host, { menu, quit }) };
});

import type { MenuEntry } from "../components/menu";
import { layout } from "../state/layout.svelte";
import { undo } from "../state/undo.svelte";
import { AltTap, mainMenu, numbered, openMainMenu } from "./mainmenu";
import { actionOf, handleShortcut } from "./shortcuts";

const flat = (entries: readonly MenuEntry[]): MenuEntry[] => entries.flatMap((one) => (one.kind === "branch" ? flat(one.items) : [one]));
const named = (label: string): MenuEntry | undefined => flat(mainMenu()).find((one) => "label" in one && one.label === label);

beforeEach(() => menu.mockReset());

describe("the menu", () => {
  test("has the menus of a desktop", () => {
    expect(mainMenu().map((one) => "label" in one && one.label)).toEqual(["File", "Edit", "View", "Session", "Help"]);
  });

  test("every shortcut with Ctrl that it shows is one the window knows", () => {
    const shown = flat(mainMenu()).flatMap((one) => ("keys" in one && /^Ctrl\+[^+]$/.test(one.keys ?? "") ? [one.keys ?? ""] : []));
    expect(shown.length).toBeGreaterThan(6);
    // The list and fields have each their own.
    expect(shown.filter((keys) => actionOf(keys) === null)).toEqual(["Ctrl+A"]);
  });

  test("what can do nothing is disabled", () => {
    for (const label of ["Disconnect", "Screenshot", "Ctrl+Alt+Del", "Reconnect", "Rename", "Next tab"]) {
      expect(named(label), label).toMatchObject({ isDisabled: true });
    }
    expect(named("New machine")).toMatchObject({ isDisabled: false });
  });

  test("a line does what its shortcut does", async () => {
    for (const act of [() => openMainMenu(), () => handleShortcut(new KeyboardEvent("keydown", { key: "b", ctrlKey: true }))]) {
      const before = layout.hasSidebar;
      menu.mockImplementation(async (entries: Parameters<typeof numbered>[0]) => Number(/"id":(\d+),"label":"Show sidebar"/.exec(JSON.stringify(entries))?.[1]));
      act();
      await Promise.resolve();
      await Promise.resolve();
      expect(layout.hasSidebar).toBe(!before);
    }
  });

  test("nothing happens when nothing was chosen", async () => {
    menu.mockResolvedValue(null);
    openMainMenu();
    await Promise.resolve();
    expect(quit).not.toHaveBeenCalled();
  });

  test("numbers run through the branches, and words that cannot be chosen are left out", () => {
    const run = (): void => undefined;
    const { plain, runs } = numbered([
      { kind: "title", label: "Send to" },
      { kind: "branch", label: "More", items: [{ label: "One", run }, { kind: "rule" }, { kind: "toggle", label: "Two", isOn: true, keys: "F2", run }] },
      { label: "Three", isDisabled: true, run },
    ]);
    expect(runs).toHaveLength(3);
    expect(plain).toEqual([
      {
        kind: "branch",
        label: "More",
        isEnabled: true,
        items: [
          { kind: "action", id: 0, label: "One", keys: null, isEnabled: true, isOn: null },
          { kind: "rule" },
          { kind: "action", id: 1, label: "Two", keys: "F2", isEnabled: true, isOn: true },
        ],
      },
      { kind: "action", id: 2, label: "Three", keys: null, isEnabled: false, isOn: null },
    ]);
  });
});

describe("Alt alone", () => {
  const key = (type: string, about: KeyboardEventInit, at: number): KeyboardEvent =>
    Object.defineProperty(new KeyboardEvent(type, { cancelable: true, ...about }), "timeStamp", { value: at });

  test.each([
    ["is pressed and let go", [], 100, true],
    ["is held", [], 900, false],
    ["is pressed with another key", [key("keydown", { key: "Tab", altKey: true }, 50)], 100, false],
  ])("%s", (_, between, until, expected) => {
    const tap = new AltTap();
    tap.keyDown(key("keydown", { key: "Alt", altKey: true }, 0));
    between.forEach((event) => tap.keyDown(event));
    expect(tap.keyUp(key("keyup", { key: "Alt" }, until))).toBe(expected);
  });

  test("of a remote screen, or with a click between, is none", () => {
    const tap = new AltTap();
    const taken = key("keydown", { key: "Alt", altKey: true }, 0);
    taken.preventDefault();
    tap.keyDown(taken);
    expect(tap.keyUp(key("keyup", { key: "Alt" }, 10))).toBe(false);
    tap.keyDown(key("keydown", { key: "Alt", altKey: true }, 20));
    tap.forget();
    expect(tap.keyUp(key("keyup", { key: "Alt" }, 30))).toBe(false);
  });
});

describe("Ctrl+Z", () => {
  const press = (target: HTMLElement): boolean => {
    document.body.append(target);
    const event = new KeyboardEvent("keydown", { key: "z", ctrlKey: true, bubbles: true, cancelable: true });
    target.addEventListener("keydown", handleShortcut);
    target.dispatchEvent(event);
    target.remove();
    return event.defaultPrevented;
  };
  const field = (tag: string, type = ""): HTMLElement => Object.assign(document.createElement(tag), type === "" ? {} : { type });

  test("takes back the last thing, and leaves what is typed to its field", () => {
    const takeBack = vi.fn();
    undo.clear();
    undo.add(takeBack);
    for (const typed of [field("input", "text"), field("input", "search"), field("textarea")]) expect(press(typed)).toBe(false);
    expect([takeBack.mock.calls.length, named("Undo")]).toMatchObject([0, { isDisabled: false }]);
    for (const other of [field("div"), field("button"), field("input", "checkbox")]) expect(press(other)).toBe(true);
    expect([takeBack.mock.calls.length, named("Undo")]).toMatchObject([1, { isDisabled: true }]);
  });
});
