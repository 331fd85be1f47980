import { expect, it } from "vitest";
import { cut } from "./highlight";

it.each<[string, string[], string]>([
  ["press-04", [], "press-04"],
  ["press-04", ["press"], "[press]-04"],
  ["Press-04", ["04", "pre"], "[Pre]ss-[04]"],
  ["press-04", ["p4"], "[p]ress-0[4]"],
  ["press-04", ["lathe"], "press-04"],
  ["press-04", ["press-", "-04"], "[press-04]"],
  ["İzmir press", ["press"], "İzmir press"],
  ["", ["press"], ""],
])("marks in %j what %j found", (name, words, expected) => {
  const parts = cut(name, words);
  expect(parts.map(({ text, isHit }) => (isHit ? `[${text}]` : text)).join("")).toBe(expected);
});
