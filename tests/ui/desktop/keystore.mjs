// A message bus and a key store of the test's own, unlocked.
import { until } from "./processes.mjs";

export async function startBus(sandbox) {
  const bus = sandbox.start("dbus-daemon", ["--session", "--nofork", "--print-address=1"]);
  sandbox.env.DBUS_SESSION_BUS_ADDRESS = await until("the bus has told its address", () => /^(unix:\S+)\n/.exec(bus.said)?.[1]);
}

export async function startKeyStore(sandbox) {
  await startBus(sandbox);
  const store = sandbox.start("gnome-keyring-daemon", ["--foreground", "--unlock", "--components=secrets"], { hasInput: true });
  store.child.stdin.end("test");
  await until("the key store answers", () => isOnBus(sandbox, "org.freedesktop.secrets"));
}

export async function isOnBus(sandbox, name) {
  const bus = ["--session", "--print-reply", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus"];
  const answer = await sandbox.run("dbus-send", [...bus, "org.freedesktop.DBus.NameHasOwner", `string:${name}`]);
  return String(answer).includes("boolean true");
}
