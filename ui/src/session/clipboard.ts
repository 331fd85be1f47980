/** The clipboard between this computer and a remote machine. What is on it is never logged or kept longer than needed. */

/** A picture as PNG. */
export type Picture = Uint8Array<ArrayBuffer>;

export interface SystemClipboard {
  read(): Promise<string>;
  /** Null where there is none. */
  readPicture(): Promise<Picture | null>;
  write(content: string | Picture): Promise<void>;
  /** Whether reading works without asking the person each time. */
  mayRead(): Promise<boolean>;
}

const PNG = "image/png";
/** What the program takes at once. */
const MAX_PICTURE_BYTES = 8 * 1024 * 1024;

export const systemClipboard: SystemClipboard = {
  read: () => navigator.clipboard.readText(),
  async readPicture() {
    for (const item of await navigator.clipboard.read()) {
      if (item.types.includes(PNG)) return new Uint8Array(await (await item.getType(PNG)).arrayBuffer());
    }
    return null;
  },
  write: (content) =>
    typeof content === "string"
      ? navigator.clipboard.writeText(content)
      : navigator.clipboard.write([new ClipboardItem({ [PNG]: new Blob([content], { type: PNG }) })]),
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
  /** What the remote machine has and could not be written yet: browsers want a click or a key first. */
  private pending: string | Picture | null = null;

  constructor(
    private readonly system: SystemClipboard,
    private readonly send: (text: string) => void,
    /** Null where the remote machine takes no pictures. */
    private readonly sendPicture: () => ((png: Picture) => void) | null = () => null,
  ) {}

  /** The remote clipboard changed. True once this computer has the text. */
  async received(text: string): Promise<boolean> {
    this.shared = text;
    this.pending = text;
    return this.deliver();
  }

  /** The same with a picture. */
  async receivedPicture(png: Picture): Promise<boolean> {
    this.shared = null;
    this.pending = png;
    return this.deliver();
  }

  /** Tries again to write what waits for a click. */
  async deliver(): Promise<boolean> {
    const content = this.pending;
    if (content === null) return true;
    try {
      await this.system.write(content);
    } catch {
      return false;
    }
    if (this.pending === content) this.pending = null;
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

  /** Sends a picture the person pasted. False where that cannot be. */
  offerPicture(png: Picture): boolean {
    const send = this.sendPicture();
    if (!send || png.length === 0 || png.length > MAX_PICTURE_BYTES) return false;
    this.shared = null;
    this.pending = null;
    send(png);
    return true;
  }

  /**
   * Reads this computer's clipboard and sends it if it is new. `asked`: the person asked for it, so a prompt is fine. Pictures go
   * only then: browsers write them anew each time, so that nobody knows whether one is new.
   */
  async push(asked: boolean): Promise<"sent" | "same" | "refused"> {
    if (this.pending !== null && !asked) return "same";
    if (!asked && !(await this.system.mayRead())) return "refused";
    try {
      const text = await this.system.read();
      const picture = text === "" && asked && this.sendPicture() ? await this.system.readPicture() : null;
      if (picture) return this.offerPicture(picture) ? "sent" : "refused";
      return this.offer(text) ? "sent" : "same";
    } catch {
      return "refused";
    }
  }
}
