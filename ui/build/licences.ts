/**
 * The licences of everything that is shipped: gathered from the packages themselves whenever the page is built.
 *
 * Crates are those that Cargo compiles into the two programs on this platform, without what only runs while they are
 * compiled; npm packages are those the page is made of. A package that names no licence, or of whose licence no text is to
 * be had, ends the build.
 */
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Plugin } from "vite";
import type { Licences, ShippedPackage } from "../src/state/licences";

const ROOT = join(import.meta.dirname, "../..");
const PROGRAMS = ["farwire", "farwire-api"];
const MODULE = "virtual:licences";
/** What the JSON of all crates may take. */
const MAX_METADATA_BYTES = 64 * 1024 * 1024;
const TEXT_FILE = /^(licen[cs]e|copying|notice|unlicense)/i;
/** Shorter is a reference to a text, not one. */
const MIN_TEXT = 200;

/** No other licence begins so. */
const MIT_WORDS = /Permission is hereby granted, free of charge, to any\s+person obtaining a copy/;

const run = promisify(execFile);

/** A package as it lies on the disk. */
export interface Source {
  name: string;
  version: string;
  kind: ShippedPackage["kind"];
  licence: string | null;
  authors: readonly string[];
  repository: string | null;
  folder: string;
}

interface CargoPackage {
  id: string;
  name: string;
  version: string;
  license: string | null;
  license_file: string | null;
  authors: string[];
  repository: string | null;
  manifest_path: string;
  source: string | null;
  targets: { kind: string[] }[];
}

interface Metadata {
  packages: CargoPackage[];
  resolve: { nodes: { id: string; deps: { pkg: string; dep_kinds: { kind: string | null }[] }[] }[] };
}

/** The crates that Cargo compiles into the programs. */
export async function crates(): Promise<Source[]> {
  const host = /^host: (.*)$/m.exec((await run("rustc", ["-vV"])).stdout)?.[1] ?? "";
  const options = ["metadata", "--locked", "--format-version", "1", "--filter-platform", host];
  const { stdout } = await run("cargo", options, { cwd: ROOT, maxBuffer: MAX_METADATA_BYTES });
  const { packages, resolve } = JSON.parse(stdout) as Metadata;
  const byId = new Map(packages.map((one) => [one.id, one]));
  const depsOf = new Map(resolve.nodes.map(({ id, deps }) => [id, deps]));
  const reached = new Set<string>();
  const open = packages.filter((one) => one.source === null && PROGRAMS.includes(one.name)).map(({ id }) => id);
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    // A macro's code runs in the compiler; what it writes is the code that uses it.
    const isMacro = byId.get(id)?.targets.some(({ kind }) => kind.includes("proc-macro")) ?? false;
    if (reached.has(id) || isMacro) continue;
    reached.add(id);
    const compiled = (depsOf.get(id) ?? []).filter(({ dep_kinds }) => dep_kinds.some(({ kind }) => kind === null));
    open.push(...compiled.map(({ pkg }) => pkg));
  }
  return packages
    .filter(({ id, source }) => reached.has(id) && source !== null)
    .map(({ name, version, license, license_file: file, authors, repository, manifest_path: manifest }) => ({
      name,
      version,
      kind: "crate",
      licence: license ?? (file === null ? null : `see ${file}`),
      authors,
      repository,
      folder: dirname(manifest),
    }));
}

interface LockedPackage {
  version?: string;
  dev?: boolean;
  devOptional?: boolean;
  optional?: boolean;
}

/** The npm packages the page is made of: what the lock file has for more than building and testing. */
export async function npmPackages(): Promise<Source[]> {
  const lock = JSON.parse(await readFile(join(ROOT, "ui/package-lock.json"), "utf8")) as { packages: Record<string, LockedPackage> };
  const shipped = Object.entries(lock.packages).filter(([path, { dev, devOptional, optional }]) => path !== "" && !dev && !devOptional && !optional);
  return await Promise.all(
    shipped.map(async ([path, { version }]) => {
      const folder = join(ROOT, "ui", path);
      const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
        license?: string;
        author?: string | { name: string };
        repository?: string | { url: string };
      };
      const { author, repository } = manifest;
      return {
        name: path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length),
        version: version ?? "",
        kind: "npm",
        licence: manifest.license ?? null,
        authors: author === undefined ? [] : [typeof author === "string" ? author : author.name],
        repository: (typeof repository === "string" ? repository : repository?.url) ?? null,
        folder,
      };
    }),
  );
}

/** Where a crate keeps the code of others that it compiles, with their licence. */
const OTHERS = "upstream";

async function ownTexts({ folder }: Source): Promise<string[]> {
  const here = await readdir(folder, { withFileTypes: true });
  const hasOthers = here.some((one) => one.isDirectory() && one.name === OTHERS);
  const theirs = hasOthers ? await readdir(join(folder, OTHERS), { withFileTypes: true }) : [];
  const files = [...here, ...theirs].filter((one) => one.isFile() && TEXT_FILE.test(one.name));
  const texts = await Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name), "utf8")));
  return texts.map((text) => text.replace(/\r\n/g, "\n").replace(/^\s*\n|\s+$/g, "")).filter((text) => text.length >= MIN_TEXT);
}

/** Whether two packages have an owner in common, by where their code is kept. */
function ownerOf({ repository }: Source): string | null {
  return /(?:github|gitlab)\.com[/:]([^/]+)\//.exec(repository ?? "")?.[1]?.toLowerCase() ?? null;
}

/** The MIT licence with those who wrote a package; its own repository has it, and the package forgot to. */
async function mit({ name, authors }: Source): Promise<string> {
  const ours = await readFile(join(ROOT, "LICENSE-MIT"), "utf8");
  const owners = authors.length > 0 ? authors.map((author) => author.replace(/\s*<.*>/, "")).join(", ") : `the authors of ${name}`;
  return ours.replace(/^Copyright.*$/m, `Copyright (c) ${owners}`).trim();
}

/** A text for a package that brings none: of the same licence, from the same owner or by nobody's name. */
async function lentText(source: Source, known: readonly { source: Source; texts: readonly string[] }[]): Promise<string | null> {
  const choices = (source.licence ?? "").split(/\s+OR\s+|\//).map((one) => one.replace(/[()]/g, "").trim());
  if (choices.includes("MIT")) return await mit(source);
  const others = known.filter(({ texts, source: { licence } }) => texts.length > 0 && choices.includes(licence ?? ""));
  const namesNobody = choices.some((one) => one === "Apache-2.0" || one === "MPL-2.0");
  const lender = others.find((one) => ownerOf(one.source) === ownerOf(source)) ?? (namesNobody ? others[0] : undefined);
  return lender?.texts[0] ?? null;
}

/** Puts packages and texts together. Throws where a licence has no name or no text. */
export async function gather(sources: readonly Source[]): Promise<Licences> {
  const known = await Promise.all(sources.map(async (source) => ({ source, texts: await ownTexts(source) })));
  const numbers = new Map<string, number>();
  const texts: string[] = [];
  const number = (text: string): number => {
    // The same words with other line breaks are the same text.
    const words = text.replace(/\s+/g, " ");
    const at = numbers.get(words) ?? texts.push(text) - 1;
    numbers.set(words, at);
    return at;
  };
  const packages: ShippedPackage[] = [];
  for (const { source, texts: own } of known) {
    const { name, version, kind } = source;
    // Some manifests leave it to the text to say.
    const licence = source.licence ?? (own.some((text) => MIT_WORDS.test(text)) ? "MIT" : null);
    if (licence === null) throw new Error(`${kind} ${name} ${version} names no licence`);
    const lent = own.length > 0 ? null : await lentText(source, known);
    const all = lent === null ? own : [lent];
    if (all.length === 0) throw new Error(`${kind} ${name} ${version} has no text of its licence, ${licence}`);
    packages.push({ name, version, kind, licence, texts: [...new Set(all.map(number))] });
  }
  packages.sort((a, b) => a.name.localeCompare(b.name, "en") || a.version.localeCompare(b.version, "en"));
  return { packages, texts };
}

/** Everything that is shipped. */
export async function shipped(): Promise<Licences> {
  return await gather((await Promise.all([crates(), npmPackages()])).flat());
}

/** Gives the page the module with all licences. It is a file of its own that is loaded when somebody wants to read them. */
export function licences(): Plugin {
  const id = `\0${MODULE}`;
  return {
    name: "farwire-licences",
    resolveId: (name) => (name === MODULE ? id : null),
    async load(name) {
      if (name !== id) return null;
      this.addWatchFile(join(ROOT, "Cargo.lock"));
      // Read as JSON: quicker than as an expression.
      return `export default JSON.parse(${JSON.stringify(JSON.stringify(await shipped()))});`;
    },
  };
}
