/** The clipboard between this computer and a remote machine. What is on it is never logged or kept longer than needed. */

/** A picture as PNG. */
export type Picture = Uint8Array<ArrayBuffer>;

/** Text, and the same as HTML. */
export interface Formatted {
  text: string;
  html: string;
}

export interface SystemClipboard {
  read(): Promise<string>;
  /** Empty where there is none. */
  readHtml(): Promise<string>;
  /** Null where there is none. */
  readPicture(): Promise<Picture | null>;
  write(content: string | Formatted | Picture): Promise<void>;
  /** Whether reading works without asking the person each time. */
  mayRead(): Promise<boolean>;
}

/** What goes to a machine that takes more than text. */
export interface Rich {
  picture(png: Picture): void;
  html(text: string, html: string): void;
}

const PNG = "image/png";
const HTML = "text/html";
/** What the program takes at once. */
const MAX_PICTURE_BYTES = 8 * 1024 * 1024;
/** Of formatted text, in characters of up to three bytes; longer ones go without their form. */
const MAX_HTML_CHARS = 340_000;

/** What is on the clipboard in a form, null where it has none. */
async function inForm(type: string): Promise<Blob | null> {
  const items = await navigator.clipboard.read();
  const item = items.find(({ types }) => types.includes(type));
  return item ? await item.getType(type) : null;
}

export const systemClipboard: SystemClipboard = {
  read: () => navigator.clipboard.readText(),
  readHtml: async () => (await (await inForm(HTML))?.text()) ?? "",
  async readPicture() {
    const picture = await inForm(PNG);
    return picture && new Uint8Array(await picture.arrayBuffer());
  },
  async write(content) {
    if (typeof content === "string") return await navigator.clipboard.writeText(content);
    const form = (type: string, data: string | Picture) => ({ [type]: new Blob([data], { type }) });
    const forms = "html" in content ? { ...form("text/plain", content.text), ...form(HTML, content.html) } : form(PNG, content);
    try {
      await navigator.clipboard.write([new ClipboardItem(forms)]);
    } catch (error) {
      // A browser that writes text alone.
      if (!("html" in content)) throw error;
      await navigator.clipboard.writeText(content.text);
    }
  },
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
  private pending: string | Formatted | Picture | null = null;

  constructor(
    private readonly system: SystemClipboard,
    private readonly send: (text: string) => void,
    /** Null where the remote machine takes text alone. */
    private readonly rich: () => Rich | null = () => null,
  ) {}

  /** The remote clipboard changed. True once this computer has the text. */
  async received(text: string): Promise<boolean> {
    this.shared = text;
    this.pending = text;
    return this.deliver();
  }

  /** The same with formatted text. */
  async receivedHtml(text: string, html: string): Promise<boolean> {
    this.shared = text;
    this.pending = { text, html };
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

  /** Sends a text the person pasted, with its form where the machine takes that. False if the remote machine has it already. */
  offer(text: string, html = ""): boolean {
    if (text === "" || text === this.shared) return false;
    this.shared = text;
    this.pending = null;
    const rich = html !== "" && Math.max(text.length, html.length) <= MAX_HTML_CHARS ? this.rich() : null;
    if (rich) rich.html(text, html);
    else this.send(text);
    return true;
  }

  /** Sends a picture the person pasted. False where that cannot be. */
  offerPicture(png: Picture): boolean {
    const rich = this.rich();
    if (!rich || png.length === 0 || png.length > MAX_PICTURE_BYTES) return false;
    this.shared = null;
    this.pending = null;
    rich.picture(png);
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
      const rich = this.rich();
      const picture = text === "" && asked && rich ? await this.system.readPicture() : null;
      if (picture) return this.offerPicture(picture) ? "sent" : "refused";
      // A second prompt is too much for the form alone.
      const hasForm = text !== "" && text !== this.shared && rich !== null && (await this.system.mayRead());
      return this.offer(text, hasForm ? await this.system.readHtml() : "") ? "sent" : "same";
    } catch {
      return "refused";
    }
  }
}
