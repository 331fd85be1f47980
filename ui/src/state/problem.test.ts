import { describe, expect, it } from "vitest";
import type { ErrorBody } from "../bindings";
import { stageOf, trustQuestion } from "./problem";

const error = (property: string | undefined, ...details: string[]): ErrorBody => ({
  error_code: "GENERAL_ERROR",
  error_message: "no",
  ...(property === undefined ? {} : { property }),
  details: details.map((error_message) => ({ error_code: "GENERAL_ERROR", error_message, details: [] })),
});

describe("trustQuestion", () => {
  it.each<[string, ErrorBody | null, unknown]>([
    ["an unknown certificate", error("tls", "SHA256:new"), { kind: "tls", offered: "SHA256:new", known: null }],
    ["a changed host key", error("host_key", "SHA256:new", "SHA256:old"), { kind: "ssh", offered: "SHA256:new", known: "SHA256:old" }],
    ["TLS that failed for another reason", error("tls", "the certificate has expired"), null],
    ["TLS without details", error("tls"), null],
    ["another stage", error("auth", "SHA256:new"), null],
    ["no error", null, null],
  ])("%s", (_, problem, expected) => {
    expect(trustQuestion(problem)).toEqual(expected);
  });
});

it.each([
  ["auth", "auth"],
  ["host_key", "host_key"],
  ["vault", null],
  [undefined, null],
])("the stage of an error about %s is %s", (property, expected) => {
  expect(stageOf(error(property))).toBe(expected);
});
