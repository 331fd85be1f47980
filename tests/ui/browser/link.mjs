// A way to a port of this computer that can be cut, as networks are.
import { atEnd } from "../desktop/processes.mjs";
import { connect, createServer } from "node:net";
import { Transform } from "node:stream";

/** Opens the way; the test closes it. */
export async function openLink(t, port) {
  const sockets = new Set();
  let isCut = false;
  let count = 0;
  let brought = 0;
  let delay = 0;
  /** Lets bytes through, each a moment later. */
  const way = (tell) =>
    new Transform({
      transform(chunk, _, done) {
        tell(chunk.length);
        if (delay === 0) done(null, chunk);
        else setTimeout(() => done(null, chunk), delay);
      },
    });
  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    count += 1;
    const far = connect(port, "127.0.0.1");
    const ways = [[near, far, () => undefined], [far, near, (bytes) => (brought += bytes)]];
    for (const [one, other, tell] of ways) {
      sockets.add(one);
      one.on("error", () => other.destroy()).on("close", () => sockets.delete(one)).pipe(way(tell)).pipe(other);
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  atEnd(t, () => {
    cut();
    server.close();
  });
  return {
    port: server.address().port,
    cut,
    mend: () => (isCut = false),
    /** Has every word take so many milliseconds longer, each way. */
    slow: (ms) => (delay = ms),
    /** How many bytes have come from there so far. */
    brought: () => brought,
    /** How many connections came this way so far. */
    opened: () => count,
  };
}
