import { expect, test } from "vitest";
import { digest, pictureType, readText, writtenText } from "./preview";

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

test("a text keeps its line ends and its mark at the beginning", () => {
  const read = readText(bytes("\uFEFFa\r\nb\r\n"), 9);
  expect(read).toEqual({ text: "\uFEFFa\r\nb\r\n", readOnly: null, lineEnd: "\r\n" });
  expect(read && writtenText("\uFEFFa\nc\n", read)).toBe("\uFEFFa\r\nc\r\n");
});

test("what would not survive is not changed", () => {
  expect(readText(bytes("a\r\nb\n"), 5)?.readOnly).toBe("ends");
  expect(readText(bytes("abc"), 10)?.readOnly).toBe("cut");
  // Two bytes of a letter of three.
  expect(readText(bytes("a€").slice(0, 3), 10)?.text).toBe("a");
});

test("bytes that are no text are none", () => {
  expect(readText(Uint8Array.of(0x61, 0xff), 2)).toBeNull();
  expect(readText(Uint8Array.of(0x61, 0), 2)).toBeNull();
});

test("pictures are known by their names", () => {
  expect([pictureType("a.PNG"), pictureType("b.svg"), pictureType("png")]).toEqual(["image/png", null, null]);
});

test("a digest is in hexadecimal digits", async () => {
  expect(await digest(bytes("abc"))).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});
