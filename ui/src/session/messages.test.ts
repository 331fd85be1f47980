import { expect, it } from "vitest";
import * as out from "./messages";

const hex = (buffer: ArrayBuffer): string => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");

it.each<[string, ArrayBuffer, string]>([
  ["ack", out.ack(0x01020304), "01 04 03 02 01"],
  ["key down", out.key(true, 0x010020ac, 18), "02 01 ac 20 00 01 12 00"],
  ["key up", out.key(false, 0xff0d, 0), "02 00 0d ff 00 00 00 00"],
  ["pointer", out.pointer(0x0102, 3, out.Button.left | out.Button.forward), "03 02 01 03 00 11 00"],
  ["pointer beside the screen", out.pointer(-5, 70000, 0), "03 00 00 ff ff 00 00"],
  ["wheel", out.wheel(1, 2, -120, 120), "04 01 00 02 00 88 ff 78 00"],
  ["wheel beyond 16 bits", out.wheel(0, 0, -99999, 99999), "04 00 00 00 00 00 80 ff 7f"],
  ["clipboard", out.clipboard("ä"), "05 c3 a4"],
  ["formatted clipboard", out.clipboardHtml("ä", "<b>"), "0d 02 00 00 00 c3 a4 3c 62 3e"],
  ["viewport", out.viewport(1280, 800, 150), "06 00 05 20 03 96 00"],
  ["viewport of nothing", out.viewport(0, 0, 0), "06 01 00 01 00 0a 00"],
  ["visible", out.visible(true), "07 01"],
  ["hidden", out.visible(false), "07 00"],
  ["release all", out.releaseAll(), "08"],
  ["text", out.typeText("x€"), "09 78 e2 82 ac"],
])("encodes %s", (_, buffer, expected) => {
  expect(hex(buffer)).toBe(expected);
});
