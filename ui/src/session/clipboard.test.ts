import { beforeEach, describe, expect, it } from "vitest";
import { ClipboardBridge, type SystemClipboard } from "./clipboard";

let local = "";
let mayWrite = true;
let mayReadQuietly = true;
let sent: string[] = [];
const system: SystemClipboard = {
  read: () => Promise.resolve(local),
  write: (text) => {
    if (!mayWrite) return Promise.reject(new Error("needs a click"));
    local = text;
    return Promise.resolve();
  },
  mayRead: () => Promise.resolve(mayReadQuietly),
};
const bridge = (): ClipboardBridge => new ClipboardBridge(system, (text) => void sent.push(text));

beforeEach(() => {
  local = "";
  mayWrite = true;
  mayReadQuietly = true;
  sent = [];
});

describe("from the remote machine", () => {
  it("is written here", async () => {
    expect(await bridge().received("remote")).toBe(true);
    expect(local).toBe("remote");
  });

  it("is not sent back", async () => {
    const clipboard = bridge();
    await clipboard.received("remote");
    expect(await clipboard.push(false)).toBe("same");
    expect(sent).toEqual([]);
  });

  it("waits for a click where the browser wants one", async () => {
    const clipboard = bridge();
    mayWrite = false;
    expect(await clipboard.received("remote")).toBe(false);
    expect(local).toBe("");
    mayWrite = true;
    expect(await clipboard.deliver()).toBe(true);
    expect(local).toBe("remote");
  });

  it("is not overwritten over there while it waits", async () => {
    const clipboard = bridge();
    mayWrite = false;
    local = "older";
    await clipboard.received("remote");
    await clipboard.push(false);
    expect(sent).toEqual([]);
  });
});

describe("to the remote machine", () => {
  it("is sent once", async () => {
    const clipboard = bridge();
    local = "mine";
    expect(await clipboard.push(false)).toBe("sent");
    expect(await clipboard.push(false)).toBe("same");
    expect(clipboard.offer("mine")).toBe(false);
    expect(sent).toEqual(["mine"]);
  });

  it("is not read where that would ask the person every time", async () => {
    local = "mine";
    mayReadQuietly = false;
    const clipboard = bridge();
    expect(await clipboard.push(false)).toBe("refused");
    expect(await clipboard.push(true)).toBe("sent");
  });

  it("sends no empty text", () => {
    expect(bridge().offer("")).toBe(false);
    expect(sent).toEqual([]);
  });
});
