import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Connection } from "../bindings";

const { asked } = vi.hoisted(() => ({ asked: [] as { uid: string | null; answer: (value: unknown) => void; refuse: (why: unknown) => void }[] }));

vi.mock("../api", async (original) => {
  const real = await original<typeof import("../api")>();
  const ask = (uid: string | null) => new Promise((answer, refuse) => asked.push({ uid, answer, refuse }));
  return { ...real, api: { ...real.api, connection: ask, connections: () => ask(null) } };
});

const { ApiError } = await import("../api");
const { connections } = await import("./connections.svelte");

const at = (revision: number, uid = "a"): Connection => ({ uid, name: `${uid}${revision}`, revision, modified: revision, last_connected: null }) as Connection;
const names = (): string[] => connections.all.map(({ name }) => name);
const gone = (): InstanceType<typeof ApiError> => new ApiError(404, { error_code: "BAD_REQUEST", error_message: "gone", details: [] });
const rest = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** Answers the oldest question that waits. */
async function answer(value: unknown): Promise<void> {
  asked.shift()?.answer(value);
  await rest();
}

describe("saved connections", () => {
  beforeEach(async () => {
    const loaded = connections.load();
    await answer([at(1)]);
    await loaded;
  });
  afterEach(() => {
    connections.clear();
    expect(asked.splice(0)).toEqual([]);
  });

  it("are asked about one after the other, so that the newest answer stays", async () => {
    const first = connections.refresh("a");
    const second = connections.refresh("a");
    const third = connections.refresh("a");
    expect(asked.length).toBe(1);
    await answer(at(2));
    expect(names()).toEqual(["a1"]);
    await answer(at(4));
    await Promise.all([first, second, third]);
    expect(names()).toEqual(["a4"]);
  });

  it("do not wait for others", async () => {
    const both = [connections.refresh("a"), connections.refresh("b")];
    expect(asked.map(({ uid }) => uid)).toEqual(["a", "b"]);
    await answer(at(2));
    await answer(at(1, "b"));
    await Promise.all(both);
    expect(names()).toEqual(["a2", "b1"]);
  });

  it("that went away do not come back with an older answer", async () => {
    const refreshed = connections.refresh("a");
    connections.drop("a");
    await answer(at(2));
    expect(names()).toEqual([]);
    asked.shift()?.refuse(gone());
    await refreshed;
    expect(names()).toEqual([]);
  });

  it("from a newer list are not replaced by an older answer", async () => {
    const refreshed = connections.refresh("a");
    const loaded = connections.load();
    const [one, list] = asked.splice(0);
    list?.answer([at(3)]);
    await loaded;
    one?.answer(at(2));
    await rest();
    expect(names()).toEqual(["a3"]);
    await answer(at(3));
    await refreshed;
    expect(names()).toEqual(["a3"]);
  });
});
