/** Stored passwords on the clipboard, in a browser: written after a proof, and taken off again while the page is in front. */
import { type Answer, type Cleared, ClipboardRefused, type PasswordClipboard } from "./host";

type Ask = (path: string, body: unknown) => Promise<Answer>;

/** What tells the password from any other text, without keeping it. */
interface Mark {
  key: CryptoKey;
  mac: ArrayBuffer;
}

export class BrowserPasswords implements PasswordClipboard {
  private mark: Mark | null = null;

  constructor(private readonly ask: Ask) {}

  async copy(path: string, passphrase: string): Promise<Answer> {
    this.mark = null;
    const asked = this.ask(path, { passphrase });
    const password = asked.then(passwordOf);
    const text = password.then((known) => new Blob([known], { type: "text/plain" }));
    // Begun within the click or key: some browsers let nothing be written once the answer is there.
    const written = write(text);
    // What was refused is told by the answer.
    const done = Promise.allSettled([password, text, written]);
    const { status, body } = await asked;
    if (status !== 200) return { status, body };
    const [known, , outcome] = await done;
    if (outcome.status === "rejected" || known.status === "rejected") throw new ClipboardRefused();
    this.mark = await markOf(known.value);
    void askToRead();
    return { status, body: { clear_after_secs: (body as { clear_after_secs: number }).clear_after_secs } };
  }

  async clear(isAsked: boolean): Promise<Cleared> {
    const { mark } = this;
    await inFront();
    if (mark === null || this.mark !== mark) return "replaced";
    const isThere = await holds(mark);
    if (isThere === null && !isAsked) return "unknown";
    this.mark = null;
    if (isThere === false) return "replaced";
    try {
      await navigator.clipboard.writeText("");
      return "cleared";
    } catch {
      this.mark = mark;
      return "unknown";
    }
  }

  keep(): void {
    this.mark = null;
  }
}

function passwordOf({ status, body }: Answer): string {
  if (status === 200 && typeof body === "object" && body !== null && "password" in body) return String(body.password);
  throw new Error("there is no password");
}

async function write(text: Promise<Blob>): Promise<void> {
  await navigator.clipboard.write([new ClipboardItem({ "text/plain": text })]);
}

async function markOf(text: string): Promise<Mark> {
  const key = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
  return { key, mac: await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text)) };
}

/** Whether the clipboard holds the password; null when nobody lets us look. */
async function holds({ key, mac }: Mark): Promise<boolean | null> {
  if ((await mayRead()) !== "granted") return null;
  try {
    const text = await navigator.clipboard.readText();
    return await crypto.subtle.verify("HMAC", key, mac, new TextEncoder().encode(text));
  } catch {
    return null;
  }
}

async function mayRead(): Promise<PermissionState | null> {
  try {
    return (await navigator.permissions.query({ name: "clipboard-read" as PermissionName })).state;
  } catch {
    return null; // WebKit and Firefox do not know the name, and would show a paste button at a moment nobody expects it.
  }
}

/** Has the browser ask now, while the person knows why, rather than when the password is to go. */
async function askToRead(): Promise<void> {
  if ((await mayRead()) === "prompt") await navigator.clipboard.readText().catch(() => undefined);
}

/** Browsers let only the page in front touch the clipboard. */
async function inFront(): Promise<void> {
  while (!document.hasFocus()) await new Promise((resolve) => window.addEventListener("focus", resolve, { once: true }));
}
