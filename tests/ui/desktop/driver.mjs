// The app's window, driven through WebKitWebDriver by plain W3C WebDriver calls.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { find } from "./find.mjs";
import { freePort, LIMIT_MS, until } from "./processes.mjs";

const root = join(import.meta.dirname, "../../..");

/** The program under test. */
export const PROGRAM = resolve(root, process.env.FARWIRE_BIN ?? join(process.env.CARGO_TARGET_DIR ?? "target", "debug/farwire"));

export function needProgram() {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is not there: build it with cargo build -p farwire`);
}

/** How WebDriver names a reference to an element in JSON. */
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

/** Starts the app under WebKitWebDriver, with these arguments. A sandbox has one at a time. */
export async function openApp(sandbox, args = []) {
  needProgram();
  const port = await freePort();
  const driver = sandbox.start("WebKitWebDriver", [`--port=${port}`], { env: { TAURI_WEBVIEW_AUTOMATION: "true" } });
  const base = `http://127.0.0.1:${port}`;
  await until("WebKitWebDriver answers", async () => (await fetch(`${base}/status`)).ok);
  const capabilities = { alwaysMatch: { "webkitgtk:browserOptions": { binary: PROGRAM, args } } };
  try {
    const { sessionId } = await call(base, "POST", "/session", { capabilities });
    return new App(`${base}/session/${sessionId}`);
  } catch (error) {
    throw new Error(`the app did not start: ${driver.said}`, { cause: error });
  }
}

/** How long one answer of the driver may take; the first one takes as long as the program starts. */
const ANSWER_MS = 90_000;
/** What the driver says when it did nothing, since an element was drawn anew, covered or moving. */
const NOTHING_DONE = /: (stale element reference|no such element|element not interactable|element click intercepted|invalid element state):/;

async function call(base, method, path, body) {
  const init = { method, signal: AbortSignal.timeout(ANSWER_MS) };
  if (body !== undefined) init.body = JSON.stringify(body);
  const response = await fetch(base + path, init);
  const { value } = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${value.error}: ${value.message}`);
  return value;
}

/** The app's page, or a part of it. */
export class App {
  #base;
  #part;

  constructor(base, part = []) {
    this.#base = base;
    this.#part = part;
  }

  /** A part of the page, such as a form, where the same names may occur elsewhere too. */
  inside(role, name) {
    return new App(this.#base, [...this.#part, [role, name, null]]);
  }

  /** Runs a function in the page and returns what it returns. */
  async script(body, ...args) {
    return await call(this.#base, "POST", "/execute/sync", { script: `return (${body})(...arguments)`, args });
  }

  /** Asks the program what the page could ask it. */
  async request(method, path, body = null) {
    const script = `const done = arguments[3];
      window.__TAURI_INTERNALS__.invoke("request", { method: arguments[0], path: arguments[1], body: arguments[2] })
        .then(done, (error) => done({ status: 0, body: String(error) }));`;
    return await call(this.#base, "POST", "/execute/async", { script, args: [method, path, body] });
  }

  /** Runs one of the program's other commands, as the page could. */
  async command(name, args) {
    const script = `const done = arguments[2];
      window.__TAURI_INTERNALS__.invoke(arguments[0], arguments[1]).then(done, (error) => done(String(error)));`;
    return await call(this.#base, "POST", "/execute/async", { script, args: [name, args] });
  }

  /** Asks the program for bytes, such as a picture. */
  async bytes(path) {
    const script = `const done = arguments[1];
      window.__TAURI_INTERNALS__.invoke("request_bytes", { path: arguments[0] })
        .then((bytes) => done([...new Uint8Array(bytes)]), (error) => done(JSON.stringify(error)));`;
    return await call(this.#base, "POST", "/execute/async", { script, args: [path] });
  }

  /** Waits for the visible element with this role and accessible name, a text or a pattern. Returns WebDriver's reference to it. */
  async element(role, name, limit = LIMIT_MS) {
    const step = name instanceof RegExp ? [role, name.source, name.flags] : [role, name, null];
    return await until(`${role} ${name}`, () => this.script(find, [...this.#part, step]), limit);
  }

  async click(role, name) {
    await this.#act(role, name, "click", {});
  }

  /** Types into a field, after what is there already. */
  async fill(name, text) {
    await this.#act("textbox", name, "value", { text });
  }

  /** Does something to an element once it is there and may be used. */
  async #act(role, name, action, body) {
    let problem;
    await until(`${action} ${role} ${name}`, async () => {
      const reference = await this.element(role, name);
      if (!(await this.script(`(element) => element.isConnected && !element.matches(":disabled")`, reference))) return false;
      problem = await call(this.#base, "POST", `/element/${reference[ELEMENT]}/${action}`, body).then(() => null, (error) => error);
      return problem === null || !NOTHING_DONE.test(problem.message);
    });
    if (problem) throw problem;
  }

  /** Ends the program the way WebDriver does. */
  async close() {
    await call(this.#base, "DELETE", "");
  }
}
