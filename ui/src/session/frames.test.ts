import { describe, expect, it } from "vitest";
import { FrameError, HEADER_BYTES, isPicture, MAX_CURSOR_SIDE, MAX_PIXEL_BYTES, parseMessage, type ServerMessage } from "./frames";

interface Head {
  kind: number;
  x?: number;
  y?: number;
  w?: number;
  h?: number;
  srcX?: number;
  srcY?: number;
  value?: number;
  seq?: number;
}

function message(head: Head, payload: Uint8Array = new Uint8Array()): ArrayBuffer {
  const buffer = new ArrayBuffer(HEADER_BYTES + payload.length);
  const view = new DataView(buffer);
  view.setUint8(0, head.kind);
  const fields = [head.x, head.y, head.w, head.h, head.srcX, head.srcY];
  fields.forEach((field, index) => view.setUint16(2 + index * 2, field ?? 0, true));
  view.setUint32(16, head.value ?? 0, true);
  view.setUint32(20, head.seq ?? 0, true);
  new Uint8Array(buffer).set(payload, HEADER_BYTES);
  return buffer;
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const json = (value: unknown): Uint8Array => text(JSON.stringify(value));
const stats = { fps: 30, bytes_in: 1, bytes_out: 2, latency_ms: 3.5, codec: "Tight", width: 4, height: 5 };

describe("parseMessage", () => {
  const pixels = Uint8Array.from({ length: 2 * 3 * 4 }, (_, index) => index);
  const cases: [string, ArrayBuffer, ServerMessage][] = [
    [
      "pixels",
      message({ kind: 1, x: 0x1234, y: 2, w: 2, h: 3 }, pixels),
      { kind: "pixels", x: 0x1234, y: 2, w: 2, h: 3, pixels: new Uint8ClampedArray(pixels) },
    ],
    ["copy", message({ kind: 2, x: 1, y: 2, w: 3, h: 4, srcX: 5, srcY: 6 }), { kind: "copy", x: 1, y: 2, w: 3, h: 4, srcX: 5, srcY: 6 }],
    [
      "fill",
      message({ kind: 3, x: 1, y: 2, w: 3, h: 4, value: 0xff30_20_10 }),
      { kind: "fill", x: 1, y: 2, w: 3, h: 4, colour: "rgb(16 32 48)" },
    ],
    ["resize", message({ kind: 4, w: 1920, h: 1080 }), { kind: "resize", w: 1920, h: 1080 }],
    [
      "cursor",
      message({ kind: 5, x: 7, y: 8, w: 1, h: 1 }, Uint8Array.of(1, 2, 3, 4)),
      { kind: "cursor", w: 1, h: 1, hotX: 7, hotY: 8, pixels: Uint8ClampedArray.of(1, 2, 3, 4) },
    ],
    ["no cursor", message({ kind: 5 }), { kind: "cursor", w: 0, h: 0, hotX: 0, hotY: 0, pixels: new Uint8ClampedArray() }],
    ["cursor move", message({ kind: 6, x: 9, y: 10 }), { kind: "cursor-move", x: 9, y: 10 }],
    ["formatted text", message({ kind: 18 }, text("\u0002\0\0\0ä<b>ä</b>")), { kind: "clipboard-html", text: "ä", html: "<b>ä</b>" }],
    ["clipboard", message({ kind: 7 }, text("grün €")), { kind: "clipboard", text: "grün €" }],
    [
      "state",
      message({ kind: 8 }, json({ state: "connecting", stage: "tls", view_only: true })),
      { kind: "state", report: { state: "connecting", stage: "tls", view_only: true } as never },
    ],
    ["name", message({ kind: 9 }, text("press-04:1")), { kind: "name", name: "press-04:1" }],
    ["bell", message({ kind: 10 }), { kind: "bell" }],
    ["said", message({ kind: 13 }, text("no")), { kind: "said", text: "no" }],
    ["locks", message({ kind: 14 }, Uint8Array.of(6)), { kind: "locks", locks: 6 }],
    ["frame end", message({ kind: 11, seq: 0xfffffffe }), { kind: "frame-end", seq: 0xfffffffe, isWhole: true }],
    ["end of a frame that others follow", message({ kind: 11, seq: 1, value: 1 }), { kind: "frame-end", seq: 1, isWhole: false }],
    ["stats", message({ kind: 12 }, json(stats)), { kind: "stats", stats }],
  ];
  it.each(cases)("reads %s", (_, buffer, expected) => {
    expect(parseMessage(buffer)).toEqual(expected);
  });

  it("does not copy pixels", () => {
    const buffer = message({ kind: 1, w: 2, h: 3 }, pixels);
    const parsed = parseMessage(buffer);
    expect(parsed.kind === "pixels" && parsed.pixels.buffer === buffer).toBe(true);
  });

  it.each(cases)("rejects %s when it is cut anywhere in its header", (_, buffer) => {
    for (let length = 0; length < HEADER_BYTES; length += 1) {
      expect(() => parseMessage(buffer.slice(0, length)), `${length} bytes`).toThrow(FrameError);
    }
  });

  const side = Math.sqrt(MAX_PIXEL_BYTES / 4);
  const bad: [string, ArrayBuffer][] = [
    ["pixels that are cut", message({ kind: 1, w: 2, h: 3 }, pixels.slice(0, -1))],
    ["pixels with a byte too many", message({ kind: 1, w: 2, h: 3 }, Uint8Array.of(...pixels, 0))],
    ["pixels of an empty rectangle", message({ kind: 1, w: 0, h: 3 })],
    ["more pixels than a message may hold", message({ kind: 1, w: side, h: side + 1 }, new Uint8Array(side * (side + 1) * 4))],
    ["a cursor that is cut", message({ kind: 5, w: 2, h: 2 }, new Uint8Array(15))],
    ["a cursor that is too large", message({ kind: 5, w: MAX_CURSOR_SIDE + 1, h: 1 }, new Uint8Array((MAX_CURSOR_SIDE + 1) * 4))],
    ["a clipboard that is not UTF-8", message({ kind: 7 }, Uint8Array.of(0xff, 0xfe))],
    ["formatted text that is cut", message({ kind: 18 }, Uint8Array.of(1, 0, 0))],
    ["formatted text that is shorter than it says", message({ kind: 18 }, Uint8Array.of(2, 0, 0, 0, 97))],
    ["a state that is not JSON", message({ kind: 8 }, text("{"))],
    ["a state that is no object", message({ kind: 8 }, text("null"))],
    ["a state without its state", message({ kind: 8 }, json({ view_only: true }))],
    ["stats without their numbers", message({ kind: 12 }, json({}))],
    ["kind 0", message({ kind: 0 })],
    ["a kind from the future", message({ kind: 99 })],
    ["locks of two bytes", message({ kind: 14 }, new Uint8Array(2))],
  ];
  it.each(bad)("rejects %s", (_, buffer) => {
    expect(() => parseMessage(buffer)).toThrow(FrameError);
  });

  it("accepts the largest picture message", () => {
    expect(parseMessage(message({ kind: 1, w: side, h: side }, new Uint8Array(MAX_PIXEL_BYTES))).kind).toBe("pixels");
  });
});

describe("isPicture", () => {
  it("is true for what a frame is made of", () => {
    const kinds = [1, 2, 3, 4, 6, 10, 11].map((kind) => {
      const head = kind === 1 ? message({ kind, w: 1, h: 1 }, new Uint8Array(4)) : message({ kind });
      return [kind, isPicture(parseMessage(head))];
    });
    expect(kinds).toEqual([[1, true], [2, true], [3, true], [4, true], [6, false], [10, false], [11, false]]);
  });
});
