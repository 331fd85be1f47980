import { beforeEach, describe, expect, it } from "vitest";
import { ClipboardBridge, type Picture, type SystemClipboard } from "./clipboard";

let local: string | Picture = "";
let mayWrite = true;
let mayReadQuietly = true;
let sent: string[] = [];
const system: SystemClipboard = {
  read: () => Promise.resolve(typeof local === "string" ? local : ""),
  readPicture: () => Promise.resolve(typeof local === "string" ? null : local),
  write: (content) => {
    if (!mayWrite) return Promise.reject(new Error("needs a click"));
    local = content;
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

describe("pictures", () => {
  const png = (...bytes: number[]): Picture => new Uint8Array(bytes);
  let pictures: Picture[] = [];
  const withPictures = (): ClipboardBridge => new ClipboardBridge(system, (text) => void sent.push(text), () => (one) => void pictures.push(one));
  beforeEach(() => (pictures = []));

  it("are written here, and wait for a click like texts", async () => {
    const clipboard = withPictures();
    mayWrite = false;
    expect(await clipboard.receivedPicture(png(1, 2))).toBe(false);
    mayWrite = true;
    expect(await clipboard.deliver()).toBe(true);
    expect(local).toEqual(png(1, 2));
  });

  it("are sent when a person asks, and never by themselves", async () => {
    const clipboard = withPictures();
    local = png(3);
    expect(await clipboard.push(false)).toBe("same");
    expect(pictures).toEqual([]);
    expect(await clipboard.push(true)).toBe("sent");
    expect(pictures).toEqual([png(3)]);
  });

  it("are not sent where nobody takes them, nor when they are too large", async () => {
    local = png(3);
    expect(await bridge().push(true)).toBe("same");
    expect(bridge().offerPicture(png(3))).toBe(false);
    expect(withPictures().offerPicture(new Uint8Array(9_000_000))).toBe(false);
    expect(pictures).toEqual([]);
  });
});
