import { expect, test } from "vitest";
import { readLink } from "./links";

test.each([
  ["https://example.org/a?b#c", "https://example.org/a?b#c", "example.org"],
  ["http://10.0.0.1:8080/", "http://10.0.0.1:8080/", "10.0.0.1:8080"],
  ["https://bank.example@evil.example/", "https://bank.example@evil.example/", "evil.example"],
  ["https://b\u00fccher.example/", "https://xn--bcher-kva.example/", "xn--bcher-kva.example"],
  ["file:///etc/passwd", null, null],
  ["javascript:alert(1)", null, null],
  ["ssh://host", null, null],
  ["no link", null, null],
])("%s leads to %s on %s", (text, address, host) => {
  expect(readLink(text)).toEqual({ address, host });
});
