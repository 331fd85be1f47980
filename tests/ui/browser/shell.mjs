// A shell on the page, opened on a real server and read as a person reads it.
import { eventually } from "../desktop/processes.mjs";
import { openPage } from "./page.mjs";
import { PASSWORD, startSshd, USER } from "./sshd.mjs";

export const NAME = "shell-01";

/** The page, and a server. */
export async function openBoth(t, server = {}) {
  const opened = await openPage(t);
  const sshd = await startSshd(t, opened.sandbox, server);
  return { ...opened, sshd };
}

/** Saves the server with its password. */
export async function saveShell({ farwired, sshd }, name, fields = {}) {
  const uid = await farwired.save(name, { protocol: "SSH", port: sshd.port, "ssh.agent": false, ...fields });
  await farwired.call("PUT", `/connection/${uid}/credentials`, { "ssh.username": USER, "ssh.password": PASSWORD });
  return uid;
}

/** Saves the server with its password, accepts its key, and opens a shell on it. */
export async function openShell(t, server = {}, fields = {}) {
  const opened = await openBoth(t, server);
  const { farwired, page, sshd } = opened;
  const uid = await saveShell(opened, NAME, fields);
  await farwired.call("PUT", "/trust", { host: "127.0.0.1", port: sshd.port, fingerprint: sshd.fingerprint });
  await page.getByRole("row", { name: new RegExp(NAME) }).dblclick();
  await shows(page, "$");
  return { ...opened, uid };
}

export const pane = (page, name = NAME) => page.getByRole("tabpanel", { name });
export const lines = async (page, name) => (await pane(page, name).locator(".xterm-rows > div").allTextContents()).map((line) => line.replaceAll("\u00a0", " ").trimEnd());

/** Waits until the terminal shows a text. */
export async function shows(page, text, name = NAME, limit = undefined) {
  await eventually(`the terminal shows ${text}`, () => lines(page, name), (all) => all.some((line) => line.includes(text)), limit);
}

/** Waits until a program has printed a line: what is typed to make it do so has more on its line. */
export async function prints(page, text) {
  await eventually(`the terminal shows the line ${text}`, () => lines(page), (all) => all.includes(text));
}
