import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { api, ApiError } from "../api";
import { backups } from "./backups.svelte";
import { toasts } from "./toasts.svelte";

const said = (): string[] => toasts.all.map(({ text }) => text);

beforeEach(() => {
  toasts.all = [];
  backups.clear();
  vi.spyOn(api, "backups").mockResolvedValue([{ id: "b1", created: 1, records: 3, bytes: 400 }]);
});
afterEach(() => vi.restoreAllMocks());

describe("backups", () => {
  it("are listed anew when one is made", async () => {
    vi.spyOn(api, "backUp").mockResolvedValue({ id: "b1", created: 1, records: 3, bytes: 400 });
    await backups.make();
    expect(backups.value?.map(({ id }) => id)).toEqual(["b1"]);
  });

  it("are gone back to, and a restore is taken back by what was made before it", async () => {
    const restore = vi.spyOn(api, "restoreBackup").mockResolvedValue({ changed: 2, before: "b2" });
    await backups.restore("b1");
    expect(said()).toEqual(["Backup restored: 2 things are different now"]);
    toasts.all.at(-1)?.action?.run();
    await vi.waitFor(() => expect(said()).toEqual(["Everything is as it was before the restore"]));
    expect(restore.mock.calls).toEqual([["b1"], ["b2"]]);
  });

  it("offer no way back where nothing changed", async () => {
    vi.spyOn(api, "restoreBackup").mockResolvedValue({ changed: 0, before: "b2" });
    await backups.restore("b1");
    expect(toasts.all.map(({ text, action }) => [text, action])).toEqual([["Everything was as in the backup already", undefined]]);
  });

  it("say why the way back failed", async () => {
    const restore = vi.spyOn(api, "restoreBackup").mockResolvedValueOnce({ changed: 1, before: "b2" });
    restore.mockRejectedValueOnce(new ApiError(404, { error_code: "BAD_REQUEST", error_message: "no backup b2", details: [] }));
    await backups.restore("b1");
    toasts.all.at(-1)?.action?.run();
    await vi.waitFor(() => expect(said()).toEqual(["no backup b2"]));
  });
});
