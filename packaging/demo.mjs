// Saves the connection "Demo desktop" in a running farwired, or brings it up to date, and prints its identifier.
//
//   node demo.mjs DATA_DIR PORT PASSWORD_FILE
//
// Ends with 4 when the password could not be stored, which is when the key store is locked.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const NAME = "Demo desktop";
const PASSWORD_NOT_STORED = 4;

const [data, port, passwordFile] = process.argv.slice(2);
const read = (path) => readFileSync(path, "utf8").trim();
const { url } = JSON.parse(read(join(data, "api.json")));
const token = read(join(data, "api-token"));

async function call(method, path, body) {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const response = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(`${method} ${path}: ${answer.error_message}`), { property: answer.property });
  return answer;
}

const machine = { name: NAME, protocol: "VNC", host: "127.0.0.1", port: Number(port), "vnc.resize": true };
const known = (await call("GET", "/connections")).find(({ name }) => name === NAME);
const { uid } = await call("PUT", known ? `/connection/${known.uid}` : "/connection/", machine).then((made) => known ?? made);
console.log(uid);
try {
  await call("PUT", `/connection/${uid}/credentials`, { "vnc.password": read(passwordFile) });
} catch (error) {
  if (error.property !== "vault") throw error;
  process.exit(PASSWORD_NOT_STORED);
}
