import { cleanup, fireEvent, render, screen } from "@testing-library/svelte";
import { afterEach, expect, test, vi } from "vitest";
import Toasts from "./Toasts.svelte";

afterEach(cleanup);

test("notes are held while the pointer or the keyboard is on one", async () => {
  const [onhold, onrelease] = [vi.fn(), vi.fn()];
  const toasts = [{ id: 1, text: "Deleted", action: { label: "Undo", run: () => undefined } }];
  const props = { toasts, closeLabel: "Close", onclose: () => undefined, onhold, onrelease };
  const { rerender } = render(Toasts, props);
  onrelease.mockClear();
  const button = screen.getByRole("button", { name: "Undo" });
  const layer = screen.getByRole("status");
  await fireEvent.pointerEnter(layer);
  button.focus();
  expect(onhold.mock.calls).toEqual([["pointer"], ["focus"]]);
  await rerender({ ...props, toasts: [...toasts, { id: 2, text: "newer" }] });
  expect(onrelease).not.toHaveBeenCalled();
  await fireEvent.pointerLeave(layer);
  button.blur();
  expect(onrelease.mock.calls).toEqual([["pointer"], ["focus"]]);
  // A button that is gone with its note leaves no word behind.
  button.focus();
  onrelease.mockClear();
  await rerender({ ...props, toasts: [] });
  expect(onrelease.mock.calls).toEqual([["focus"], ["pointer"]]);
});
