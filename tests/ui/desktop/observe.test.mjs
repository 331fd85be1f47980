// Whoever observes sees the machine's own pointer, wherever pictures are drawn: servers such as x11vnc tell where it is.
import { test } from "node:test";
import { NEEDED } from "./connected.mjs";
import { isOnSurface, openPicture, pointAt, SCREEN_WIDTH, seenPart } from "./pictures.mjs";
import { eventually, freePort, skipWithout, until } from "./processes.mjs";

const options = { skip: skipWithout(...NEEDED, "xwininfo", "x11vnc"), timeout: 300_000 };
/** The pointer over there, where nothing else has this colour. */
const POINTER = [0xff, 0x00, 0xff];
/** Half the side of a square in which a pointer is looked for. */
const REACH = 40;

for (const way of ["top", "under"]) {
  test(`the machine's pointer is seen while observing, with the surface ${way} the page`, options, async (t) => {
    const first = await openPicture(t, way, 1, "observe");
    const { app, sandbox, display, env } = first;
    // TigerVNC paints the pointer into the picture for whoever only looks.
    const port = await freePort();
    const server = ["-rfbport", String(port), "-localhost", "-forever", "-shared", "-nopw", "-noxdamage", "-cursor", "most"];
    const x11vnc = sandbox.start("x11vnc", server, { env });
    await until("the other server answers", () => x11vnc.said.includes(`PORT=${port}`));
    await app.request("PUT", "/connection/", { name: "pointed", protocol: "VNC", host: "127.0.0.1", port });
    await app.click("tab", "Machines");
    await app.click("row", /^pointed/);
    await display.press("Return");
    const opened = { ...first, name: "pointed" };
    const session = app.inside("tabpanel", opened.name);
    await session.click("radio", "1:1");
    await until("the surface shows its picture", () => isOnSurface(app, opened.name));
    const look = ["-bg", "#203040", "-ms", "#ff00ff", "-geometry", "100x30+0+0", "-e", "sh"];
    sandbox.start("xterm", ["-title", "Pointed", ...look], { env });
    await until("the window with that pointer is there", () => sandbox.run("xdotool", ["search", "--onlyvisible", "--name", "^Pointed$"], { env }));
    await session.click("radio", "Observe");
    // This computer's own pointer is not the one that is looked for.
    await pointAt(opened);
    /** How many pixels of that colour are around a pixel of the machine. */
    const around = async (x, y) => {
      const { origin } = await seenPart(opened);
      const here = await display.pixels();
      let count = 0;
      for (let down = origin[1] + y - REACH; down < origin[1] + y + REACH; down += 1) {
        for (let across = origin[0] + x - REACH; across < origin[0] + x + REACH; across += 1) {
          const at = (down * SCREEN_WIDTH + across) * 3;
          if (POINTER.every((part, each) => Math.abs(here[at + each] - part) < 8)) count += 1;
        }
      }
      return count;
    };
    for (const [x, y] of [[300, 200], [420, 280]]) {
      await sandbox.run("xdotool", ["mousemove", String(x), String(y)], { env });
      await eventually(`the pointer is seen at ${x}, ${y}`, () => around(x, y), (count) => count > 20);
    }
    await display.shoot(`observe-${way}`);
    await eventually("it is nowhere else", () => around(300, 200), 0);

    // In control the surface is back, and the pointer is this computer's.
    await session.click("radio", "Control");
    await until("the surface shows the picture again", () => isOnSurface(app, opened.name));
  });
}
