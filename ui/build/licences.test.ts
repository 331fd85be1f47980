// @vitest-environment node
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { gather, shipped, type Source } from "./licences";

const folder = mkdtempSync(join(tmpdir(), "farwire-licences-"));
afterAll(() => rmSync(folder, { recursive: true }));

function source(about: Partial<Source>): Source {
  return { name: "thing", version: "1.0.0", kind: "crate", licence: "BSD-3-Clause", authors: [], repository: null, folder, ...about };
}

it("everything that is compiled in has a licence and its text", { timeout: 60_000 }, async () => {
  const { packages, texts } = await shipped();
  const has = new Set(packages.map(({ kind, name, version }) => `${kind} ${name} ${version}`));
  // Asked in another way than the list was made.
  const tree = ["farwire", "farwire-api"].map((program) =>
    execFileSync("cargo", ["tree", "--locked", "-p", program, "-e", "normal,no-proc-macro", "--prefix", "none", "-f", "{p}"], { encoding: "utf8" }),
  );
  const crates = tree.join("").matchAll(/^([\w-]+) v(\S+)(?: \(\*\))?$/gm);
  const compiled = new Set([...crates].map(([, name, version]) => `crate ${name} ${version}`));
  expect(compiled.size).toBeGreaterThan(300);
  expect([...compiled].filter((one) => !has.has(one))).toEqual([]);

  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as { dependencies: Record<string, string> };
  const direct = Object.entries(manifest.dependencies).map(([name, version]) => `npm ${name} ${version}`);
  expect(direct.filter((one) => !has.has(one))).toEqual([]);

  for (const { name, licence, texts: own } of packages) {
    expect(licence, name).toMatch(/Apache|BSD|IJG|ISC|MIT|MPL|OFL|Unicode|Unlicense|Zlib/);
    expect(own.length, name).toBeGreaterThan(0);
    for (const at of own) expect(texts[at]?.length, name).toBeGreaterThan(200);
  }
});

it("a package without a licence or without its text ends the build", async () => {
  await expect(gather([source({ licence: null })])).rejects.toThrow("crate thing 1.0.0 names no licence");
  await expect(gather([source({})])).rejects.toThrow("crate thing 1.0.0 has no text of its licence, BSD-3-Clause");
});

it("a package that forgot the text of the MIT licence gets it with its authors' names", async () => {
  const { texts } = await gather([source({ licence: "Apache-2.0 OR MIT", authors: ["Ada Example <ada@example.com>"] })]);
  expect(texts).toHaveLength(1);
  expect(texts[0]).toContain("Copyright (c) Ada Example\n");
  expect(texts[0]).toContain("Permission is hereby granted");
});

it("the same text with other line breaks is kept once", async () => {
  const words = "Redistribution and use in source and binary forms are permitted. ".repeat(5);
  writeFileSync(join(folder, "LICENSE"), words);
  writeFileSync(join(folder, "COPYING"), words.replaceAll(". ", ".\r\n"));
  const { packages, texts } = await gather([source({})]);
  expect([texts.length, packages[0]?.texts]).toEqual([1, [0]]);
});
