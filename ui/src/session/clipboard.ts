/** The clipboard between this computer and a remote machine. */
import { ClipboardUnread, type Formatted, type Picture, type SystemClipboard, type Unread } from "../host/host";

/** What goes to a machine that takes more than text; whether it was sent. */
export interface Rich {
  picture(png: Picture): boolean;
  html(text: string, html: string): boolean;
}

/** What the program takes at once. */
const MAX_PICTURE_BYTES = 8 * 1024 * 1024;
const MAX_TEXT_BYTES = 1024 * 1024;
/** Of formatted text, in characters of up to three bytes; longer ones go without their form. */
const MAX_HTML_CHARS = 340_000;

/** How sending this computer's clipboard went. `off`: nothing goes to the machine now. */
export type Pushed = "sent" | "same" | "empty" | "off" | Unread;

/** Keeps both sides the same without sending a text back to where it came from. */
export class ClipboardBridge {
  /** The text both sides are known to have. */
  private shared: string | null = null;
  /** What the remote machine has and could not be written yet: browsers want a click or a key first. */
  private pending: string | Formatted | Picture | null = null;
  /** How often something came from the remote machine. */
  private arrivals = 0;

  constructor(
    private readonly system: SystemClipboard,
    /** Whether it was sent. */
    private readonly send: (text: string) => boolean,
    /** Null where the remote machine takes text alone. */
    private readonly rich: () => Rich | null = () => null,
  ) {}

  /** The remote clipboard changed. True once this computer has the text. */
  async received(text: string): Promise<boolean> {
    this.shared = text;
    this.pending = text;
    this.arrivals += 1;
    return this.deliver();
  }

  /** The same with formatted text. */
  async receivedHtml(text: string, html: string): Promise<boolean> {
    this.shared = text;
    this.pending = { text, html };
    this.arrivals += 1;
    return this.deliver();
  }

  /** The same with a picture. */
  async receivedPicture(png: Picture): Promise<boolean> {
    this.shared = null;
    this.pending = png;
    this.arrivals += 1;
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

  /** Sends a text the person pasted, with its form where the machine takes that, unless it has it already. */
  offer(text: string, html = ""): Pushed {
    if (text === "") return "empty";
    if (text === this.shared) return "same";
    if (new Blob([text]).size > MAX_TEXT_BYTES) return "too_long";
    const rich = html !== "" && Math.max(text.length, html.length) <= MAX_HTML_CHARS ? this.rich() : null;
    if (!(rich ? rich.html(text, html) : this.send(text))) return "off";
    this.shared = text;
    this.pending = null;
    return "sent";
  }

  /** Sends a picture the person pasted. False where that cannot be. */
  offerPicture(png: Picture): boolean {
    const rich = this.rich();
    if (!rich || png.length === 0 || png.length > MAX_PICTURE_BYTES || !rich.picture(png)) return false;
    this.shared = null;
    this.pending = null;
    return true;
  }

  /** The person pasted something that the page was not given: looks for it where that is allowed. */
  async pasted(): Promise<void> {
    if (!(await this.system.mayRead())) return;
    try {
      this.offer(await this.system.read(true));
    } catch (error) {
      if (!(error instanceof ClipboardUnread)) throw error;
    }
  }

  /**
   * Reads this computer's clipboard and sends it if it is new. `asked`: the person asked for it, so a prompt is fine. Pictures go
   * only then: browsers write them anew each time, so that nobody knows whether one is new.
   */
  async push(asked: boolean): Promise<Pushed> {
    if (this.pending !== null && !asked) return "same";
    if (!asked && !(await this.system.mayRead())) return "refused";
    const { arrivals } = this;
    try {
      const text = await this.system.read(asked);
      // What was read is older than what has come meanwhile.
      if (!asked && arrivals !== this.arrivals) return "same";
      const rich = this.rich();
      const picture = text === "" && asked && rich ? await this.system.readPicture() : null;
      if (picture) return this.offerPicture(picture) ? "sent" : "refused";
      // A second prompt is too much for the form alone.
      const hasForm = text !== "" && text !== this.shared && rich !== null && (await this.system.mayRead());
      const html = hasForm ? await this.system.readHtml() : "";
      // It may have come while the form was read.
      return !asked && arrivals !== this.arrivals ? "same" : this.offer(text, html);
    } catch (error) {
      return error instanceof ClipboardUnread ? error.why : "refused";
    }
  }
}
