import { cleanup, render, screen } from "@testing-library/svelte";
import { afterEach, describe, expect, it, vi } from "vitest";
import TrustDialog from "./TrustDialog.svelte";

const OLD = "SHA256:9fQ2t7LkVr0aYc83HnWeJx51oPzTqBd6MuGsK4iE0Xw";
const NEW = "SHA256:9fQ2Zc1MpT7uRb52HnWeLs90aKfXyGv3DoJqN8iE0Xw";

function open(known: string | null) {
  const onaccept = vi.fn();
  const ondecline = vi.fn();
  render(TrustDialog, {
    name: "press-04",
    endpoint: "10.0.0.4:5900",
    kind: "tls",
    offered: NEW,
    known,
    seen: null,
    error: null,
    acceptLabel: "Trust and connect",
    declineLabel: "Stay disconnected",
    onaccept,
    ondecline,
  });
  return { onaccept, ondecline };
}

afterEach(cleanup);

describe("the question about an identity", () => {
  it("has the safe answer as the primary one, with the focus", async () => {
    const { onaccept, ondecline } = open(null);
    const safe = await screen.findByRole("button", { name: "Stay disconnected" });
    await vi.waitFor(() => expect(document.activeElement).toBe(safe));
    expect(safe.className).toContain("primary");
    safe.click();
    expect([onaccept.mock.calls.length, ondecline.mock.calls.length]).toEqual([0, 1]);
  });

  it("shows the fingerprint that was offered", async () => {
    open(null);
    expect(await screen.findByRole("img", { name: NEW })).toBeTruthy();
  });

  it("replaces a trusted identity only after the person said that he compared", async () => {
    const { onaccept } = open(OLD);
    const replace = await screen.findByRole<HTMLButtonElement>("button", { name: "Replace trusted certificate" });
    expect(replace.disabled).toBe(true);
    replace.click();
    expect(onaccept).not.toHaveBeenCalled();
    screen.getByRole("checkbox").click();
    await vi.waitFor(() => expect(replace.disabled).toBe(false));
    replace.click();
    expect(onaccept).toHaveBeenCalledOnce();
  });

  it("marks the parts that differ", async () => {
    open(OLD);
    const offered = await screen.findByRole("img", { name: NEW });
    const marks = [...offered.children].map((part) => part.classList.contains("diff"));
    expect(marks).toEqual([false, true, true, true, false, true, true, true, true, true, false]);
  });
});
