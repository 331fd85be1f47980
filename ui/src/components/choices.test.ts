import { expect, it } from "vitest";
import { choicesFor } from "./choices";

const choices = [
  { value: "", label: "No group" },
  { value: "a", label: "Plant north" },
  { value: "b", label: "Hall 2", depth: 1, above: "Plant north" },
  { value: "c", label: "Hall 2", depth: 1, above: "Plant south" },
];

it.each([
  ["", ["", "a", "b", "c"]],
  ["  ", ["", "a", "b", "c"]],
  ["HALL", ["b", "c"]],
  ["2 north", ["b"]],
  ["plant", ["a", "b", "c"]],
  ["lathe", []],
])("%j leaves the choices that have every word, also above them", (text, expected) => {
  expect(choicesFor(text, choices).map(({ value }) => value)).toEqual(expected);
});
