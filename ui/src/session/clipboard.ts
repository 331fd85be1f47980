/** The clipboard between this computer and a remote machine. Texts are never logged or kept longer than needed. */

export interface SystemClipboard {
  read(): Promise<string>;
  write(text: string): Promise<void>;
  /** Whether reading works without asking the person each time. */
  mayRead(): Promise<boolean>;
}

export const systemClipboard: SystemClipboard = {
  read: () => navigator.clipboard.readText(),
  write: (text) => navigator.clipboard.writeText(text),
  async mayRead() {
    try {
      const status = await navigator.permissions.query({ name: "clipboard-read" as PermissionName });
      return status.state === "granted";
    } catch {
      return false; // WebKit and Firefox do not know the name; they show a paste button instead.
    }
  },
};

/** Keeps both sides the same without sending a text back to where it came from. */
export class ClipboardBridge {
  /** The text both sides are known to have. */
  private shared: string | null = null;
  /** A remote text that could not be written yet: browsers want a click or a key first. */
  private pending: string | null = null;

  constructor(
    private readonly system: SystemClipboard,
    private readonly send: (text: string) => void,
  ) {}

  /** The remote clipboard changed. True once this computer has the text. */
  async received(text: string): Promise<boolean> {
    this.shared = text;
    this.pending = text;
    return this.deliver();
  }

  /** Tries again to write a text that waits for a click. */
  async deliver(): Promise<boolean> {
    const text = this.pending;
    if (text === null) return true;
    try {
      await this.system.write(text);
    } catch {
      return false;
    }
    if (this.pending === text) this.pending = null;
    return true;
  }

  /** Sends a text the person pasted. False if the remote machine has it already. */
  offer(text: string): boolean {
    if (text === "" || text === this.shared) return false;
    this.shared = text;
    this.pending = null;
    this.send(text);
    return true;
  }

  /** Reads this computer's clipboard and sends it if it is new. `asked`: the person asked for it, so a prompt is fine. */
  async push(asked: boolean): Promise<"sent" | "same" | "refused"> {
    if (this.pending !== null && !asked) return "same";
    if (!asked && !(await this.system.mayRead())) return "refused";
    try {
      const text = await this.system.read();
      return this.offer(text) ? "sent" : "same";
    } catch {
      return "refused";
    }
  }
}
