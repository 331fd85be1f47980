import { beforeEach, expect, test, vi } from "vitest";
import { commandBar } from "./commandbar.svelte";
import { nativePictures } from "./graphics.svelte";
import { passwords } from "./passwords.svelte";
import { toasts } from "./toasts.svelte";

// The layout asks for the screen's width, which there is none of here.
vi.mock("./layout.svelte", () => ({ layout: {} }));
vi.mock("../host", () => ({
  ClipboardRefused: class extends Error {},
  Unreachable: class extends Error {},
  host: { surface: { graphics: () => Promise.resolve({ way: "top", is_transparent: null }) } },
}));

beforeEach(async () => {
  toasts.all = [];
  passwords.copied = null;
  await vi.waitFor(() => expect(nativePictures.way).toBe("top"));
});

test("whatever the page may show over a picture counts, where a surface would hide it", () => {
  expect(nativePictures.isCovered).toBe(false);
  passwords.copied = { name: "Hall keys", forSecs: 30, until: null };
  expect(nativePictures.isCovered).toBe(true);
  passwords.copied = null;
  const close = toasts.show("copied");
  expect(nativePictures.isCovered).toBe(true);
  close();
  commandBar.open();
  expect(nativePictures.isCovered).toBe(true);
  commandBar.close();
  expect(nativePictures.isCovered).toBe(false);
});
