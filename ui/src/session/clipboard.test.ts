import { beforeEach, describe, expect, it } from "vitest";
import { ClipboardBridge, type Formatted, type Picture, type SystemClipboard } from "./clipboard";

let local: string | Formatted | Picture = "";
let mayWrite = true;
let mayReadQuietly = true;
let sent: string[] = [];
const system: SystemClipboard = {
  read: () => Promise.resolve(typeof local === "string" ? local : "html" in local ? local.text : ""),
  readHtml: () => Promise.resolve(typeof local !== "string" && "html" in local ? local.html : ""),
  readPicture: () => Promise.resolve(local instanceof Uint8Array ? local : null),
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

describe("pictures and formatted text", () => {
  const png = (...bytes: number[]): Picture => new Uint8Array(bytes);
  let pictures: Picture[] = [];
  let formatted: Formatted[] = [];
  const rich = { picture: (one: Picture) => void pictures.push(one), html: (text: string, html: string) => void formatted.push({ text, html }) };
  const withPictures = (): ClipboardBridge => new ClipboardBridge(system, (text) => void sent.push(text), () => rich);
  beforeEach(() => void ((pictures = []), (formatted = [])));

  const bold: Formatted = { text: "bold", html: "<b>bold</b>" };

  it("formatted text comes here with its form, and is not sent back", async () => {
    const clipboard = withPictures();
    expect(await clipboard.receivedHtml(bold.text, bold.html)).toBe(true);
    expect(local).toEqual(bold);
    expect(await clipboard.push(false)).toBe("same");
    expect([sent, formatted]).toEqual([[], []]);
  });

  it("formatted text goes with its form where nobody is asked for it twice", async () => {
    local = bold;
    expect(await withPictures().push(false)).toBe("sent");
    expect([sent, formatted]).toEqual([[], [bold]]);
    mayReadQuietly = false;
    expect(await withPictures().push(true)).toBe("sent");
    expect([sent, formatted]).toEqual([["bold"], [bold]]);
    expect(withPictures().offer("pasted", "<i>pasted</i>")).toBe(true);
    expect(formatted.at(-1)).toEqual({ text: "pasted", html: "<i>pasted</i>" });
  });

  it("formatted text goes as text where that alone is taken, and where its form is too long", async () => {
    local = bold;
    expect(await bridge().push(false)).toBe("sent");
    expect(withPictures().offer("short", "a".repeat(400_000))).toBe(true);
    expect([sent, formatted]).toEqual([["bold", "short"], []]);
  });

  it("pictures are written here, and wait for a click like texts", async () => {
    const clipboard = withPictures();
    mayWrite = false;
    expect(await clipboard.receivedPicture(png(1, 2))).toBe(false);
    mayWrite = true;
    expect(await clipboard.deliver()).toBe(true);
    expect(local).toEqual(png(1, 2));
  });

  it("pictures are sent when a person asks, and never by themselves", async () => {
    const clipboard = withPictures();
    local = png(3);
    expect(await clipboard.push(false)).toBe("same");
    expect(pictures).toEqual([]);
    expect(await clipboard.push(true)).toBe("sent");
    expect(pictures).toEqual([png(3)]);
  });

  it("pictures are not sent where nobody takes them, nor when they are too large", async () => {
    local = png(3);
    expect(await bridge().push(true)).toBe("same");
    expect(bridge().offerPicture(png(3))).toBe(false);
    expect(withPictures().offerPicture(new Uint8Array(9_000_000))).toBe(false);
    expect(pictures).toEqual([]);
  });
});
