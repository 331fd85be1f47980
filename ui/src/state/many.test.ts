import { beforeEach, expect, test, vi } from "vitest";
import { api, ApiError } from "../api";
import type { Connection, ErrorBody } from "../bindings";
import { common, many } from "./many.svelte";
import { toasts } from "./toasts.svelte";

vi.mock("../host", () => ({ host: {}, Unreachable: class extends Error {} }));

const machine = (uid: string, fields: Partial<Connection> = {}): Connection =>
  ({ uid, name: `machine ${uid}`, category_uid: null, tags: [], ...fields }) as Connection;
const list = Array.from({ length: 20 }, (_, at) => machine(`c_${at}`));

beforeEach(() => {
  vi.restoreAllMocks();
  toasts.all = [];
});

test("machines that agree have a value, others are mixed", () => {
  expect(common([machine("a"), machine("b")], (one) => one.category_uid)).toEqual({ is: null });
  expect(common([machine("a"), machine("b", { category_uid: "g" })], (one) => one.category_uid)).toBe("mixed");
  expect(common([], (one) => one.name)).toBe("mixed");
});

test("one run carries all, a refused machine holds up none, and undo takes the run back", async () => {
  const runs = new Set<string | undefined>();
  const undone = vi.spyOn(api, "undoRun").mockResolvedValue({ count: 19 });
  vi.spyOn(api, "updateConnection").mockImplementation((uid, _, options) => {
    runs.add(options?.run);
    const error: ErrorBody = { error_code: "VALUE_OUT_OF_BOUNDS", error_message: "no", details: [] };
    return uid === "c_3" ? Promise.reject(new ApiError(400, error)) : Promise.resolve({});
  });
  const refused = await many.change(list, () => ({ favorite: true }), (count) => `changed ${count}`);
  expect(refused.map((one) => one.machine.uid)).toEqual(["c_3"]);
  expect(runs.size).toBe(1);
  const [run] = runs;
  expect(run).toMatch(/^[ -~]{1,200}$/);
  expect(toasts.all.map((toast) => toast.text)).toEqual(["changed 19", "machine c_3 was refused: no"]);
  toasts.all[0]?.action?.run();
  expect(undone).toHaveBeenCalledWith(run);
  expect(many.progress).toBeNull();
});

test("a cancelled change leaves the rest as it is", async () => {
  let count = 0;
  vi.spyOn(api, "updateConnection").mockImplementation(() => {
    count += 1;
    many.cancel();
    return Promise.resolve({});
  });
  await many.change(list, () => ({ favorite: true }), (done) => `changed ${done}`);
  expect(count).toBeLessThan(list.length);
  expect(toasts.all[0]?.text).toBe(`changed ${count}`);
});

test("only machines that are elsewhere are moved", async () => {
  const update = vi.spyOn(api, "updateConnection").mockResolvedValue({});
  await many.move([machine("a", { category_uid: "g" }), machine("b")], "g", "Hall");
  expect(update.mock.calls.map(([uid, fields]) => [uid, fields])).toEqual([["b", { category_uid: "g" }]]);
});
