// A screen nobody sees: an X server, a window manager, its pixels, its keyboard.
import { join } from "node:path";
import { eventually, until } from "./processes.mjs";

const WIDTH = 1360;
const HEIGHT = 860;

/** Starts an X server on a free display number, with a window manager. */
export async function openDisplay(sandbox) {
  // Without -noreset the server throws everything away when its last client leaves, and the first ones come and go.
  const options = ["-screen", "0", `${WIDTH}x${HEIGHT}x24`, "-nolisten", "tcp", "-noreset"];
  const server = sandbox.start("Xvfb", ["-displayfd", "3", ...options], { isTelling: true });
  const number = await until("Xvfb has told its number", () => server.told.trim());
  sandbox.env.DISPLAY = `:${number}`;
  sandbox.start("openbox", []);
  const properties = () => sandbox.run("xprop", ["-root", "_NET_SUPPORTING_WM_CHECK"]);
  await eventually("openbox manages the windows", async () => String(await properties()), /window id/);
  return new Display(sandbox);
}

export class Display {
  constructor(sandbox) {
    this.sandbox = sandbox;
  }

  /** All of the screen as rows of red, green and blue bytes. WebKit's own screenshots can hang; this is what a person sees. */
  async pixels() {
    return await this.sandbox.run("import", ["-silent", "-window", "root", "-depth", "8", "rgb:-"]);
  }

  /** How many pixels of the screen have exactly this colour. */
  async count([red, green, blue]) {
    const pixels = await this.pixels();
    let found = 0;
    for (let at = 0; at + 2 < pixels.length; at += 3) {
      if (pixels[at] === red && pixels[at + 1] === green && pixels[at + 2] === blue) found += 1;
    }
    return found;
  }

  /** Keeps a picture of the screen for a person, where FARWIRE_SHOTS names a folder. */
  async shoot(name) {
    const folder = process.env.FARWIRE_SHOTS;
    if (folder) await this.sandbox.run("import", ["-silent", "-window", "root", join(folder, `${name}.png`)]);
  }

  /** Types a text on the keyboard of this screen. */
  async type(text) {
    await this.sandbox.run("xdotool", ["type", "--delay", "30", text]);
  }

  /** Presses keys, such as `Return` or `alt+F4`. */
  async press(...keys) {
    await this.sandbox.run("xdotool", ["key", "--delay", "30", ...keys]);
  }

  /**
   * Presses keys until they have done something, again only where they did nothing for a while: pressed while the first ones are
   * still on their way, those that change something back and forth would undo it.
   */
  async pressUntil(what, keys, isDone) {
    await until(what, async () => {
      await this.press(keys);
      return await until(what, isDone, 5000);
    });
  }

  /** The process whose window has the keyboard, or null. */
  async active() {
    const answer = await this.sandbox.run("xdotool", ["getactivewindow", "getwindowpid"]).catch(() => null);
    return answer && Number(answer);
  }
}
