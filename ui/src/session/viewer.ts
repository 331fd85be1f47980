/** One attached viewer of a session: its stream, its picture, and the input that goes back. */
import type { StateNotice, Stats } from "../bindings";
import { host, type Picture } from "../host";
import { Screen } from "./canvas";
import { ClipboardBridge } from "./clipboard";
import type { CursorImage } from "./cursor";
import { isPicture, type ServerMessage } from "./frames";
import { currentPlatform, Keyboard } from "./keyboard";
import * as out from "./messages";
import { PointerTrack, type Size } from "./pointer";
import { Stream } from "./stream";
import { TerminalLink } from "./terminallink";

/** What the surroundings of the picture want to know. None of it is called per frame. */
export interface ViewerEvents {
  state(report: StateNotice): void;
  stats(stats: Stats): void;
  name(name: string): void;
  resized(size: Size): void;
  cursor(cursor: CursorImage): void;
  remotePointer(x: number, y: number): void;
  clipboardReceived(bytes: number, delivered: boolean): void;
  clipboardSent(bytes: number): void;
  bell(): void;
  /** The session has something to tell the person. */
  said(text: string): void;
  /** The locks of the remote keyboard that are on: 1 scroll, 2 numbers, 4 capitals. */
  locks(locks: number): void;
  /** The stream broke; the session itself may be well. */
  detached(): void;
}

export class Viewer {
  readonly screen: Screen;
  readonly keyboard: Keyboard;
  readonly pointer: PointerTrack;
  readonly clipboard: ClipboardBridge;
  /** The way to the terminal, where the session is a shell. */
  readonly terminal = new TerminalLink((seq) => this.stream?.send(out.ack(seq)));
  /** Observing: nothing a person does here reaches the remote machine. */
  viewOnly = false;
  /** Whether the remote machine takes pictures and formatted text from the clipboard. */
  takesRich = false;
  private stream: Stream | null = null;
  private visible = true;
  private grid: { columns: number; rows: number } | null = null;
  /** The size the remote desktop is to have, while it follows this window. */
  private wanted: { w: number; h: number; scalePercent: number } | null = null;
  private askedFor: string | null = null;

  constructor(private readonly events: ViewerEvents) {
    this.screen = new Screen({
      drawn: (seq) => this.stream?.send(out.ack(seq)),
      resized: (size) => events.resized(size),
    });
    this.keyboard = new Keyboard(
      {
        isOpen: () => !this.viewOnly && this.stream !== null,
        key: (down, keysym, scancode) => this.input(out.key(down, keysym, scancode)),
        releaseAll: () => this.stream?.send(out.releaseAll()),
      },
      currentPlatform(),
    );
    this.pointer = new PointerTrack((x, y, buttons) => this.input(out.pointer(x, y, buttons)));
    const send = (message: ArrayBuffer): boolean => {
      const isSent = !this.viewOnly && (this.stream?.send(message) ?? false);
      if (isSent) events.clipboardSent(message.byteLength - 1);
      return isSent;
    };
    const rich = {
      picture: (png: Picture) => send(out.clipboardPicture(png)),
      html: (text: string, html: string) => send(out.clipboardHtml(text, html)),
    };
    this.clipboard = new ClipboardBridge(
      host.clipboard,
      (text) => send(out.clipboard(text)),
      () => (this.takesRich ? rich : null),
    );
  }

  /** Attaches to the session behind a ticket's address; the picture of an earlier stream stays until pixels come. */
  attach(url: string): void {
    this.detach();
    this.screen.reset();
    this.terminal.reset();
    this.askedFor = null;
    this.keyboard.locks.heard(null);
    this.stream = new Stream(url, {
      message: (message) => this.receive(message),
      ended: () => {
        this.stream = null;
        this.screen.settle();
        this.events.detached();
      },
    });
  }

  detach(): void {
    this.stream?.close();
    this.stream = null;
  }

  /** Whether the canvas follows the remote screen; it does not while nobody looks at it. */
  get isDrawing(): boolean {
    return this.visible;
  }

  get isAttached(): boolean {
    return this.stream !== null;
  }

  /** Tells the server whether anybody looks. */
  show(isShown: boolean): void {
    if (this.visible === isShown) return;
    this.visible = isShown;
    this.screen.show(isShown);
    this.stream?.send(out.visible(isShown));
  }

  wheel(x: number, y: number, dx: number, dy: number): void {
    this.input(out.wheel(x, y, dx, dy));
  }

  type(text: string): void {
    if (text !== "") this.input(out.typeText(text));
  }

  /** What is typed into a shell. */
  terminalInput(text: string): void {
    // The server takes at most 1 MiB in one message.
    for (const piece of pieces(text)) this.input(out.terminalBytes(piece));
  }

  terminalBinary(binary: string): void {
    this.input(out.terminalBinary(binary));
  }

  /** So many characters of a shell fit. It is told again when the session is up. */
  fits(columns: number, rows: number): void {
    this.grid = { columns, rows };
    this.tellGrid();
  }

  private tellGrid(): void {
    if (this.grid && !this.viewOnly) this.stream?.send(out.grid(this.grid.columns, this.grid.rows));
  }

  /**
   * Asks for a desktop of this size, until the returned function is called. The same size is asked for once: now, or as soon as the
   * stream is open.
   */
  askForSize(w: number, h: number, scalePercent: number): () => void {
    const wanted = w < 1 || h < 1 ? null : { w, h, scalePercent };
    this.wanted = wanted;
    this.tellSize();
    return () => {
      if (this.wanted === wanted) this.wanted = null;
    };
  }

  private tellSize(): void {
    if (!this.wanted || this.viewOnly || !this.stream) return;
    const { w, h, scalePercent } = this.wanted;
    const asked = `${w}x${h}@${scalePercent}`;
    if (asked !== this.askedFor && this.stream.send(out.viewport(w, h, scalePercent))) this.askedFor = asked;
  }

  /** The picture lost the keyboard. */
  release(): void {
    this.pointer.reset();
    this.keyboard.releaseAll();
  }

  private input(message: ArrayBuffer): void {
    if (!this.viewOnly) this.stream?.send(message);
  }

  private receive(message: ServerMessage): void {
    if (isPicture(message)) {
      // While no frames come, the size still does.
      if (message.kind === "resize" && !this.visible) this.screen.resize(message);
      this.screen.add(message);
      return;
    }
    switch (message.kind) {
      case "output":
      case "terminal-screen":
        this.terminal.add(message);
        return;
      case "frame-end":
        if (!this.terminal.finish(message.seq)) this.screen.finish(message.seq, message.isWhole);
        return;
      case "state":
        this.receiveState(message.report);
        return;
      case "stats":
        this.events.stats(message.stats);
        return;
      case "name":
        this.events.name(message.name);
        return;
      case "cursor":
        this.events.cursor(message);
        return;
      case "cursor-move":
        this.events.remotePointer(message.x, message.y);
        return;
      case "clipboard":
        void this.receiveClipboard(message.text);
        return;
      case "clipboard-picture":
        void this.receivePicture(message.png);
        return;
      case "clipboard-html":
        void this.receiveHtml(message.text, message.html);
        return;
      case "bell":
        this.events.bell();
        return;
      case "said":
        this.events.said(message.text);
        return;
      case "locks":
        this.keyboard.locks.heard(message.locks);
        this.events.locks(message.locks);
    }
  }

  private receiveState(report: StateNotice): void {
    this.viewOnly = report.view_only;
    this.tellGrid();
    // The server assumes somebody looks until told otherwise.
    if (report.state === "connected" && !this.visible) this.stream?.send(out.visible(false));
    if (report.state !== "connected") {
      this.askedFor = null;
      this.keyboard.locks.heard(null);
    }
    if (report.state === "connected") this.tellSize();
    this.events.state(report);
  }

  private async receiveClipboard(text: string): Promise<void> {
    const delivered = await this.clipboard.received(text);
    this.events.clipboardReceived(text.length, delivered);
  }

  private async receiveHtml(text: string, html: string): Promise<void> {
    const delivered = await this.clipboard.receivedHtml(text, html);
    this.events.clipboardReceived(text.length, delivered);
  }

  private async receivePicture(png: Uint8Array<ArrayBuffer>): Promise<void> {
    const delivered = await this.clipboard.receivedPicture(png);
    this.events.clipboardReceived(png.length, delivered);
  }
}

/** The most characters in one message; each is at most three bytes. */
const MAX_PIECE = 100_000;

function* pieces(text: string): Generator<string> {
  let from = 0;
  while (from < text.length) {
    let to = Math.min(from + MAX_PIECE, text.length);
    // Not between the halves of one character.
    if (to < text.length && /[\ud800-\udbff]/.test(text.charAt(to - 1))) to -= 1;
    yield text.slice(from, to);
    from = to;
  }
}
