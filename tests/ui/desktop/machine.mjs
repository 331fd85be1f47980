// A remote machine to connect to: a real VNC server with a password, and a terminal on its screen.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "./processes.mjs";

/** The terminal's background. Nothing else on the screen has this colour. */
export const TERMINAL_COLOUR = [0x1b, 0x3c, 0x2e];

const hex = (colour) => `#${colour.map((part) => part.toString(16).padStart(2, "0")).join("")}`;

/**
 * Starts a remote desktop with a terminal in front that covers most of it. The server may be given more options. Each machine of
 * a sandbox has a folder of its own.
 */
export async function startMachine(sandbox, options = "", name = "machine") {
  const folder = join(sandbox.home, name);
  mkdirSync(folder, { mode: 0o700 });
  const desktop = sandbox.start(join(import.meta.dirname, "../../lib/desktop.sh"), [folder], {
    env: { GEOMETRY: "800x560", XVNC_OPTIONS: options },
    hasInput: true,
  });
  const line = await until("the remote desktop answers", () => /^(\d+) (:\d+)$/m.exec(desktop.said));
  const env = { DISPLAY: line[2], XAUTHORITY: join(folder, "xauth") };
  const isShown = (title) => sandbox.run("xdotool", ["search", "--onlyvisible", "--name", title], { env });
  // The desktop's own terminal first: a window that comes later would lie on top.
  await until("the remote desktop's terminal is there", () => isShown("^Terminal$"));
  const look = ["-bg", hex(TERMINAL_COLOUR), "-fg", "#e8f0e0", "-fa", "monospace", "-fs", "11"];
  sandbox.start("xterm", [...look, "-title", "Shell", "-geometry", "76x24+30+30", "-e", "sh"], { env });
  await until("the remote shell is there", () => isShown("^Shell$"));
  const log = () => readFileSync(join(folder, "Xvnc.log"), "utf8");
  return {
    port: Number(line[1]),
    /** For programs that appear on its screen. */
    env,
    /** Ends it, and every link to it. */
    stop: () => desktop.child.kill(),
    password: readFileSync(join(folder, "password"), "utf8").trim(),
    /** How many viewers are connected now, by the server's own words. */
    viewers: () => count(log(), "accepted") - count(log(), "closed"),
    /** How many ever were. */
    connections: () => count(log(), "accepted"),
  };
}

const count = (text, word) => text.split(`Connections: ${word}:`).length - 1;
