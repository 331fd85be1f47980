// Programs a test starts, and the certainty that none of them is left.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { inspect, isDeepStrictEqual } from "node:util";

/** How long anything is waited for: many times what it takes on a slow machine that others keep busy. */
export const LIMIT_MS = 60_000;
/** How long a program may take to end after it was asked to. */
const END_MS = 20_000;
/** How long a program may take that is run to its end: longer than any of them, and no longer than a test. */
const RUN_MS = 150_000;

/** Waits until `check` returns something true, and returns that. The last error it threw is told when it never does. */
export async function until(what, check, limit = LIMIT_MS) {
  const deadline = Date.now() + limit;
  for (;;) {
    // The last look begins after the deadline: a machine that stood still meanwhile had no time before it.
    const isLast = Date.now() >= deadline;
    let problem;
    try {
      const value = await check();
      if (value) return value;
    } catch (error) {
      problem = error;
    }
    if (isLast) throw new Error(`waited ${limit} ms in vain: ${what}`, { cause: problem });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/**
 * Waits until `read` gives what is expected, and returns that: an equal value, a text that a pattern matches, or what a function
 * says yes to. What it gave last is told when it never does.
 */
export async function eventually(what, read, expected, limit = LIMIT_MS) {
  const isExpected = (value) => {
    if (expected instanceof RegExp) return typeof value === "string" && expected.test(value);
    return typeof expected === "function" ? Boolean(expected(value)) : isDeepStrictEqual(value, expected);
  };
  let last;
  const look = async () => {
    last = undefined;
    last = { value: await read() };
    return isExpected(last.value);
  };
  try {
    await until(what, look, limit);
  } catch ({ message, cause }) {
    const wanted = typeof expected === "function" ? expected : inspect(expected);
    throw new Error(`${message}\nexpected: ${wanted}\nseen last: ${last ? inspect(last.value) : cause}`, { cause });
  }
  return last.value;
}

const ends = new WeakMap();

/**
 * Does something when a test has ended, however it did, the first told first. Whatever fails of it fails the test once all is done;
 * the test runner alone would leave out the rest, and a server that goes on keeps its file from ending.
 */
export function atEnd(t, act) {
  const known = ends.get(t);
  if (known) return void known.push(act);
  const all = [act];
  ends.set(t, all);
  t.after(async () => {
    const failures = [];
    for (const one of all) {
      try {
        await one();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 1) throw new AggregateError(failures, failures.map(String).join("\n"));
    if (failures.length > 0) throw failures[0];
  });
}

/** Why a test cannot run here, or false. In CI nothing is skipped: what is missing there makes the test fail. */
export function skipWithout(...names) {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const missing = names.filter((name) => !folders.some((folder) => existsSync(join(folder, name))));
  return missing.length > 0 && !process.env.CI ? `not installed: ${missing.join(", ")}` : false;
}

/** A port that was free a moment ago. */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => server.on("error", reject).listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A private home for programs, and the programs started in it. Everything goes when the sandbox closes. */
export class Sandbox {
  home = mkdtempSync(join(tmpdir(), "farwire-desktop-"));
  env = {
    ...process.env,
    HOME: this.home,
    XDG_DATA_HOME: join(this.home, "data"),
    XDG_CONFIG_HOME: join(this.home, "config"),
    XDG_CACHE_HOME: join(this.home, "cache"),
    XDG_RUNTIME_DIR: this.home,
    // No bus: no key store of the person who runs the tests, and no other instance of the app.
    DBUS_SESSION_BUS_ADDRESS: `unix:path=${join(this.home, "no-bus")}`,
    NO_AT_BRIDGE: "1",
    GDK_BACKEND: "x11",
    LANG: "C.UTF-8",
    FARWIRE_DATA_DIR: join(this.home, "saved"),
  };
  #running = [];

  constructor() {
    for (const name of ["DISPLAY", "WAYLAND_DISPLAY", "SESSION_MANAGER", "XAUTHORITY"]) delete this.env[name];
  }

  /**
   * Starts a program. With `isTelling`, it is given file handle 3 to say something on, such as a display's number; with
   * `hasInput`, an input that stays open. `endsBy` is the signal that ends it, where it takes no gentle one.
   */
  start(command, args, { env = {}, isTelling = false, hasInput = false, endsBy = "SIGTERM" } = {}) {
    const stdio = [hasInput ? "pipe" : "ignore", "pipe", "pipe", ...(isTelling ? ["pipe"] : [])];
    const child = spawn(command, args, { cwd: this.home, env: { ...this.env, ...env }, stdio });
    const program = { child, endsBy, said: "", told: "" };
    program.ended = new Promise((resolve) => {
      child.on("error", (error) => {
        program.said += `${error}\n`;
        resolve(null);
      });
      child.on("exit", (code, signal) => resolve(code ?? signal));
    });
    const listen = (stream, key) => stream?.setEncoding("utf8").on("data", (text) => (program[key] += text));
    listen(child.stdout, "said");
    listen(child.stderr, "said");
    listen(child.stdio[3], "told");
    this.#running.push(program);
    return program;
  }

  /** Runs a program to its end and returns its output as bytes. One that does not end is ended. */
  async run(command, args, { env = {}, input, limit = RUN_MS } = {}) {
    const child = spawn(command, args, { cwd: this.home, env: { ...this.env, ...env }, timeout: limit, killSignal: "SIGKILL" });
    const [out, problems] = [[], []];
    child.stdout.on("data", (bytes) => out.push(bytes));
    child.stderr.on("data", (bytes) => problems.push(bytes));
    child.stdin.end(input);
    const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", (code, signal) => resolve(code ?? signal)));
    if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}: ${Buffer.concat(problems)}`);
    return Buffer.concat(out);
  }

  /** Ends a program, gently first. Returns what it ended with. */
  async end(program) {
    const { child, endsBy } = program;
    if (child.exitCode === null && child.signalCode === null) child.kill(endsBy);
    const timer = setTimeout(() => child.kill("SIGKILL"), END_MS);
    const outcome = await program.ended;
    clearTimeout(timer);
    return outcome;
  }

  /** Processes that live in this home, whoever started them. */
  alive() {
    const mark = `HOME=${this.home}`;
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
      try {
        return pid !== process.pid && readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(mark);
      } catch (error) {
        // Farwire lets nobody but root look into it. Others ended just now, or are somebody else's.
        return error.code === "EACCES" && programOf(pid) === "farwire";
      }
    });
  }

  /** Ends everything, the last started first, and removes the home. Fails when something outlived its parent. */
  async close() {
    for (const program of this.#running.reverse()) await this.end(program);
    const gone = until("every process has ended", () => this.alive().length === 0, END_MS);
    const left = await gone.then(() => [], () => this.alive());
    const names = left.map((pid) => `${programOf(pid)} ${pid}`);
    for (const pid of left) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended meanwhile.
      }
    }
    rmSync(this.home, { recursive: true, force: true });
    if (left.length > 0) throw new Error(`left running: ${names.join(", ")}`);
  }
}

/** The name of a running program, without its folder. */
export function programOf(pid) {
  try {
    return basename(readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0]);
  } catch {
    return "(ended)";
  }
}
