// A way to a port of this computer that can be cut, as networks are.
import { atEnd } from "../desktop/processes.mjs";
import { connect, createServer } from "node:net";

/** Opens the way; the test closes it. */
export async function openLink(t, port) {
  const sockets = new Set();
  let isCut = false;
  let count = 0;
  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    count += 1;
    const far = connect(port, "127.0.0.1");
    for (const [one, other] of [[near, far], [far, near]]) {
      sockets.add(one);
      one.on("error", () => other.destroy()).on("close", () => sockets.delete(one)).pipe(other);
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
    /** How many connections came this way so far. */
    opened: () => count,
  };
}
