import "../components/browser.fixture";
import { cleanup, fireEvent, render, screen } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Connection } from "../bindings";
import TagsField from "../components/TagsField.svelte";
import { connections } from "../state/connections.svelte";
import { library } from "../state/library.svelte";
import { picking } from "../state/picking.svelte";
import ManyTags from "./inspector/ManyTags.svelte";
import SidebarTags from "./SidebarTags.svelte";

const answer = vi.hoisted(() => ({ body: [] as unknown[] }));
vi.mock("../host", () => ({
  host: { request: () => Promise.resolve({ status: 200, body: answer.body }) },
  Unreachable: class extends Error {},
}));

const machine = (uid: string, tags: string[]): Connection => ({ uid, name: uid, tags, revision: 1, category_uid: null }) as unknown as Connection;
/** Thousands of tags that one machine has each, and a few that many have. */
async function save(count: number): Promise<void> {
  answer.body = Array.from({ length: count }, (_, at) => machine(`c${at}`, [`tag-${at}`, `hall-${at % 3}`]));
  await connections.load();
}
const tags = (): (string | null)[] => screen.getAllByRole("button").map((each) => each.textContent);

beforeEach(() => {
  picking.cancel();
  library.go({ kind: "all" });
});
afterEach(cleanup);

describe("thousands of tags", () => {
  it("are the most used ones in the sidebar, and all of them by a choice", async () => {
    await save(3600);
    render(SidebarTags);
    expect(tags().length).toBe(25);
    expect(tags()).toEqual(expect.arrayContaining(["hall-0", "hall-1", "hall-2"]));
    await fireEvent.click(screen.getByRole("button", { name: /^All 3\s603 tags…$/ }));
    expect(picking.question?.choices).toHaveLength(3603);
    picking.answer("tag-1234");
    expect(library.place).toEqual({ kind: "tag", tag: "tag-1234" });
    // What is looked at is in sight, pressed, and a way back.
    await fireEvent.click(await screen.findByRole("button", { name: "tag-1234", pressed: true }));
    expect(library.place).toEqual({ kind: "all" });
  });

  it("are suggested by what is typed, and chosen from all", async () => {
    await save(3600);
    const onchange = vi.fn();
    const props = { label: "Tags", addLabel: "Add tag", removeLabel: (tag: string) => `Remove ${tag}`, value: ["hall-1"], suggestions: connections.tagCounts, onchange };
    const { container } = render(TagsField, props);
    await fireEvent.click(screen.getByRole("button", { name: "Choose from all tags" }));
    expect(picking.question?.choices).toHaveLength(3602);
    picking.answer("tag-77");
    expect(onchange.mock.calls).toEqual([[["hall-1", "tag-77"]]]);
    await fireEvent.click(screen.getByRole("button", { name: "Add tag" }));
    const suggested = (): string[] => [...container.querySelectorAll("option")].map(({ value }) => value);
    expect([suggested().length, suggested().slice(0, 2)]).toEqual([30, ["hall-0", "hall-2"]]);
    await fireEvent.input(screen.getByRole("combobox", { name: "Add tag" }), { target: { value: "TAG-3599" } });
    expect(suggested()).toEqual(["tag-3599"]);
  });

  it("of many machines can all be taken away", async () => {
    await save(3600);
    const onchange = vi.fn();
    render(ManyTags, { list: connections.all, tags: { add: [], remove: [] }, suggestions: connections.tagCounts, onchange });
    expect(tags().length).toBeLessThan(50);
    await fireEvent.click(screen.getByRole("button", { name: /^All 3\s603 tags…$/ }));
    picking.answer("tag-5");
    expect(onchange.mock.calls).toEqual([[{ add: [], remove: ["tag-5"] }]]);
  });
});

it("a few tags are all there, and nothing else", async () => {
  await save(2);
  render(SidebarTags);
  expect(tags()).toEqual(["hall-0", "hall-1", "tag-0", "tag-1"]);
});
