import { beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../api";
import type { Connection } from "../bindings";
import { connections } from "./connections.svelte";
import { editMachine } from "./edit.svelte";

const saved = { uid: "c_1", name: "press-04", host: "10.0.0.4", port: 5900, settings: {} } as unknown as Connection;
let written: unknown[] = [];
let forgotten = 0;
let refuse: ApiError | null = null;

function refusal(property?: string): ApiError {
  const about = property === undefined ? {} : { property };
  return new ApiError(400, { error_code: "VALUE_INCORRECT_FORMAT", error_message: "no such host name", details: [], ...about });
}

beforeEach(() => {
  written = [];
  forgotten = 0;
  refuse = null;
  vi.useFakeTimers();
  vi.spyOn(connections, "get").mockReturnValue(saved);
  vi.spyOn(connections, "update").mockImplementation((_, fields) => {
    if (refuse) return Promise.reject(refuse);
    written.push(fields);
    return Promise.resolve(() => void (forgotten += 1));
  });
  vi.spyOn(connections, "revert").mockImplementation((_, fields) => {
    if (refuse) return Promise.reject(refuse);
    written.push(fields);
    return Promise.resolve();
  });
});

describe("Edit", () => {
  it("saves once typing pauses, with the last text", async () => {
    const edit = editMachine("c_1");
    edit.set("name", "p");
    edit.set("name", "pr");
    expect(edit.show("name", saved.name)).toBe("pr");
    await vi.runAllTimersAsync();
    expect(written).toEqual([{ name: "pr" }]);
    expect(edit.savedAt).not.toBeNull();
    expect(edit.show("name", "from the core")).toBe("from the core");
  });

  it("saves a switch at once and what was typed before with it", async () => {
    const edit = editMachine("c_1");
    edit.set("name", "x");
    edit.set("vnc.shared", false, "now");
    await vi.runAllTimersAsync();
    expect(written).toEqual([{ name: "x", "vnc.shared": false }]);
  });

  it("says nothing twice while its first word is under way, and nothing before it", async () => {
    const edit = editMachine("c_1");
    let answer = (): void => undefined;
    vi.mocked(connections.update).mockImplementationOnce((_, fields) => {
      written.push(fields);
      return new Promise((resolve) => (answer = () => resolve(() => undefined)));
    });
    edit.set("credential", "k_1", "now");
    edit.set("host", "10.0.0.9");
    await vi.runAllTimersAsync();
    expect(written).toEqual([{ credential: "k_1" }]);
    answer();
    await vi.runAllTimersAsync();
    expect(written).toEqual([{ credential: "k_1" }, { host: "10.0.0.9" }]);
  });

  it("keeps a refused text and says why under its field", async () => {
    const edit = editMachine("c_1");
    refuse = refusal("host");
    edit.set("host", "bad host");
    await vi.runAllTimersAsync();
    expect(edit.errors).toEqual({ host: "no such host name" });
    expect(edit.show("host", saved.host)).toBe("bad host");
    refuse = null;
    edit.set("host", "good");
    expect(edit.errors).toEqual({});
    await vi.runAllTimersAsync();
    expect(written).toEqual([{ host: "good" }]);
  });

  it("does not hold other fields back for a refused one", async () => {
    const edit = editMachine("c_1");
    edit.errors["port"] = "a port is a number";
    edit.set("name", "x", "now");
    await vi.runAllTimersAsync();
    expect(written).toEqual([{ name: "x" }]);
  });

  it("says a refusal that is about no field of its own", async () => {
    const edit = editMachine("c_1");
    refuse = refusal("vault");
    edit.set("name", "x", "now");
    await vi.runAllTimersAsync();
    expect(edit.errors).toEqual({});
    expect(edit.problem?.message).toBe("no such host name");
  });

  it("takes the last save back, settings that were not set included", async () => {
    const edit = editMachine("c_1");
    edit.set("name", "x");
    edit.set("vnc.quality", 3, "now");
    await vi.runAllTimersAsync();
    await edit.undo();
    expect(written.at(-1)).toEqual({ name: "press-04", "vnc.quality": null });
    expect([edit.canUndo, forgotten]).toEqual([false, 1]);
  });

  it("keeps the way back where it was refused", async () => {
    const edit = editMachine("c_1");
    edit.set("name", "x", "now");
    await vi.runAllTimersAsync();
    refuse = refusal("vault");
    await edit.undo();
    expect([edit.canUndo, forgotten]).toEqual([true, 0]);
  });

  it("sends nothing when nothing was typed", async () => {
    await editMachine("c_1").flush();
    expect(written).toEqual([]);
  });
});
