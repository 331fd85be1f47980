import { beforeEach, describe, expect, it } from "vitest";
import { ClipboardUnread, type Formatted, type Picture, type SystemClipboard, type Unread } from "../host/host";
import { ClipboardBridge } from "./clipboard";

let local: string | Formatted | Picture = "";
let mayWrite = true;
let mayReadQuietly = true;
let sent: string[] = [];
let isOpen = true;
/** A text that is marked as a secret. */
let isSecret = false;
let unread: Unread | null = null;
const system: SystemClipboard = {
  read: (isAsked) => {
    if (unread !== null) return Promise.reject(new ClipboardUnread(unread));
    const text = typeof local === "string" ? local : "html" in local ? local.text : "";
    return Promise.resolve(isAsked || !isSecret ? text : "");
  },
  readHtml: () => Promise.resolve(typeof local !== "string" && "html" in local ? local.html : ""),
  readPicture: () => Promise.resolve(local instanceof Uint8Array ? local : null),
  write: (content) => {
    if (!mayWrite) return Promise.reject(new Error("needs a click"));
    local = content;
    return Promise.resolve();
  },
  mayRead: () => Promise.resolve(mayReadQuietly),
};
const send = (text: string): boolean => {
  if (isOpen) sent.push(text);
  return isOpen;
};
const bridge = (): ClipboardBridge => new ClipboardBridge(system, send);

beforeEach(() => {
  local = "";
  mayWrite = true;
  mayReadQuietly = true;
  sent = [];
  isOpen = true;
  isSecret = false;
  unread = null;
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
    expect(clipboard.offer("mine")).toBe("same");
    expect(sent).toEqual(["mine"]);
  });

  it("is not read where that would ask the person every time", async () => {
    local = "mine";
    mayReadQuietly = false;
    const clipboard = bridge();
    expect(await clipboard.push(false)).toBe("refused");
    expect(await clipboard.push(true)).toBe("sent");
  });

  it("sends no empty text, and tells that there is none", async () => {
    expect(bridge().offer("")).toBe("empty");
    expect(await bridge().push(true)).toBe("empty");
    expect(sent).toEqual([]);
  });

  it("is told apart when it cannot be read or is longer than machines take", async () => {
    for (const why of ["refused", "too_long", "no_answer"] as const) {
      unread = why;
      expect(await bridge().push(true)).toBe(why);
    }
    unread = null;
    local = "½".repeat(512 * 1024 + 1);
    expect(await bridge().push(true)).toBe("too_long");
    expect(sent).toEqual([]);
  });

  it("is not taken for sent while nothing goes out, such as while observing", async () => {
    const clipboard = bridge();
    local = "mine";
    isOpen = false;
    expect(await clipboard.push(true)).toBe("off");
    isOpen = true;
    expect(await clipboard.push(false)).toBe("sent");
    expect(sent).toEqual(["mine"]);
  });

  it("goes by itself only where it is no secret", async () => {
    const clipboard = bridge();
    local = "hunter2";
    isSecret = true;
    expect(await clipboard.push(false)).toBe("empty");
    expect(sent).toEqual([]);
    expect(await clipboard.push(true)).toBe("sent");
  });

  it("does not overtake what comes from there while it is being read", async () => {
    const clipboard = bridge();
    local = "older";
    const pushed = clipboard.push(false);
    await clipboard.received("newer");
    expect(await pushed).toBe("same");
    expect(sent).toEqual([]);
  });

  it("is looked for when the page was given nothing to paste, where that asks nobody", async () => {
    const clipboard = bridge();
    local = "mine";
    mayReadQuietly = false;
    await clipboard.pasted();
    expect(sent).toEqual([]);
    mayReadQuietly = true;
    await clipboard.pasted();
    expect(sent).toEqual(["mine"]);
    // A secret too: who pastes asks for it. What cannot be read is nothing to paste.
    local = "hunter2";
    isSecret = true;
    await clipboard.pasted();
    unread = "no_answer";
    await clipboard.pasted();
    expect(sent).toEqual(["mine", "hunter2"]);
  });
});

describe("pictures and formatted text", () => {
  const png = (...bytes: number[]): Picture => new Uint8Array(bytes);
  let pictures: Picture[] = [];
  let formatted: Formatted[] = [];
  const rich = { picture: (one: Picture) => pictures.push(one) > 0, html: (text: string, html: string) => formatted.push({ text, html }) > 0 };
  const withPictures = (): ClipboardBridge => new ClipboardBridge(system, send, () => rich);
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
    expect(withPictures().offer("pasted", "<i>pasted</i>")).toBe("sent");
    expect(formatted.at(-1)).toEqual({ text: "pasted", html: "<i>pasted</i>" });
  });

  it("formatted text goes as text where that alone is taken, and where its form is too long", async () => {
    local = bold;
    expect(await bridge().push(false)).toBe("sent");
    expect(withPictures().offer("short", "a".repeat(400_000))).toBe("sent");
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
    expect(await clipboard.push(false)).toBe("empty");
    expect(pictures).toEqual([]);
    expect(await clipboard.push(true)).toBe("sent");
    expect(pictures).toEqual([png(3)]);
  });

  it("pictures are not sent where nobody takes them, nor when they are too large", async () => {
    local = png(3);
    expect(await bridge().push(true)).toBe("empty");
    expect(bridge().offerPicture(png(3))).toBe(false);
    expect(withPictures().offerPicture(new Uint8Array(9_000_000))).toBe(false);
    expect(pictures).toEqual([]);
  });
});
