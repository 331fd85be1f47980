/** A shell's screen: xterm.js over a session's stream. The terminal's state lives in the core; this shows it. */
import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import { readPress } from "./keyboard";
import type { TerminalSettings } from "../bindings";
import { localAction } from "./combos";
import { COLOURS, fontStack } from "./terminalcolours";
import type { TerminalSink } from "./terminallink";

export interface TerminalEvents {
  /** What is typed. */
  typed(text: string): void;
  /** What this terminal alone tells its program: what the pointer does, and who has the focus. */
  reported(text: string): void;
  /** The same as bytes that are no text. */
  reportedBinary(binary: string): void;
  /** So many characters fit. */
  fits(columns: number, rows: number): void;
  /** Text of several lines is about to be pasted. */
  askPaste(text: string): void;
  copy(text: string): void;
  /** A link was clicked; nothing is opened by itself. */
  askLink(address: string): void;
}

/** As many lines above the screen as the core sends at most. */
const SCROLLBACK = 20_000;

/** The pointer (SGR), and the focus coming and going. */
const REPORT = /^\x1b\[(?:[IO]|<[\d;]+[Mm])$/;

/** How long a window must keep its size before the shell is told. */
const RESIZE_PAUSE_MS = 100;

export class ShellScreen implements TerminalSink {
  readonly element = document.createElement("div");
  /** Nothing that is typed goes out. */
  isReadOnly = false;
  private readonly terminal: Terminal;
  private readonly fitting = new FitAddon();
  private readonly finder = new SearchAddon();
  private isOpen = false;
  private later: (() => void)[] | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly events: TerminalEvents) {
    this.element.className = "terminal-host";
    this.terminal = new Terminal({
      scrollback: SCROLLBACK,
      allowProposedApi: false,
      // Links that programs write show a text of their own: the address is shown before anything is opened.
      linkHandler: { activate: (_, address) => this.events.askLink(address), allowNonHttpProtocols: true },
      // Fonts reach below their line: an underscore would be cut off.
      lineHeight: 1.1,
      // The core drew it already; no beeps here either.
      convertEol: false,
      screenReaderMode: false,
      minimumContrastRatio: 1,
    });
    this.terminal.loadAddon(this.fitting);
    this.terminal.loadAddon(this.finder);
    this.terminal.loadAddon(new WebLinksAddon((_, address) => this.events.askLink(address)));
    this.silence();
    this.terminal.onData((text) => {
      if (this.isReadOnly) return;
      if (REPORT.test(text)) this.events.reported(text);
      else this.events.typed(text);
    });
    this.terminal.onBinary((binary) => {
      if (!this.isReadOnly) this.events.reportedBinary(binary);
    });
    this.terminal.attachCustomKeyEventHandler((event) => this.isForShell(event));
    // Before the terminal's own listener, which would paste without asking.
    this.element.addEventListener("paste", (event) => this.onPaste(event), { capture: true });
  }

  /** Puts it on the page. */
  mount(parent: HTMLElement): () => void {
    parent.append(this.element);
    if (!this.isOpen) {
      this.isOpen = true;
      this.terminal.open(this.element);
    }
    const observer = new ResizeObserver(() => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.tellSize(), RESIZE_PAUSE_MS);
    });
    observer.observe(parent);
    this.tellSize();
    return () => {
      observer.disconnect();
      clearTimeout(this.timer);
      this.element.remove();
    };
  }

  /** Takes a font and colours. */
  look({ font, font_size, colours }: TerminalSettings): void {
    this.terminal.options = { fontFamily: fontStack(font), fontSize: font_size, theme: COLOURS[colours] };
    this.tellSize();
  }

  /** Says how many characters fit, where it is seen at all. */
  tellSize(): void {
    const size = this.fitting.proposeDimensions();
    if (!size || !Number.isFinite(size.cols) || !Number.isFinite(size.rows) || this.element.clientHeight === 0) return;
    this.events.fits(Math.max(2, size.cols), Math.max(2, size.rows));
  }

  output(bytes: Uint8Array, drawn: () => void): void {
    this.inOrder(() => this.terminal.write(bytes, drawn));
  }

  screen(columns: number, rows: number, bytes: Uint8Array, drawn: () => void): void {
    this.inOrder(() => {
      this.later = [];
      // After what was written before: writing is not done at once, resizing is.
      this.terminal.write("", () => {
        this.terminal.reset();
        if (this.terminal.cols !== columns || this.terminal.rows !== rows) this.terminal.resize(columns, rows);
        this.terminal.write(bytes, drawn);
        const later = this.later ?? [];
        this.later = null;
        for (const act of later) this.inOrder(act);
      });
    });
  }

  /** What comes while a screen waits for its turn comes after it. */
  private inOrder(act: () => void): void {
    if (this.later) this.later.push(act);
    else act();
  }

  focus(): void {
    this.terminal.focus();
  }

  blur(): void {
    this.terminal.blur();
  }

  /** Pastes as if from the keyboard; programs that ask for it are told that it is pasted. */
  paste(text: string): void {
    if (!this.isReadOnly) this.terminal.paste(text);
  }

  get selection(): string {
    return this.terminal.getSelection();
  }

  /** Looks for text on the screen and in everything above it. Whether there is any. */
  find(text: string, direction: "next" | "previous"): boolean {
    const options = { decorations: undefined, incremental: false };
    if (text === "") {
      this.finder.clearDecorations();
      this.terminal.clearSelection();
      return false;
    }
    return direction === "next" ? this.finder.findNext(text, options) : this.finder.findPrevious(text, options);
  }

  /** What it shows now, for tests and for people who cannot see it. */
  get text(): string {
    const buffer = this.terminal.buffer.active;
    const lines: string[] = [];
    for (let row = 0; row < this.terminal.rows; row++) {
      lines.push(buffer.getLine(buffer.baseY + row)?.translateToString(true) ?? "");
    }
    return lines.join("\n");
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.terminal.dispose();
    this.element.remove();
  }

  /** The core answers what a machine asks of its terminal; a second answer would be read as typing. */
  private silence(): void {
    const { parser } = this.terminal;
    const taken = (): boolean => true;
    for (const id of [
      { final: "c" },
      { prefix: ">", final: "c" },
      { prefix: "=", final: "c" },
      { final: "n" },
      { prefix: "?", final: "n" },
      { final: "t" },
      { final: "x" },
      { prefix: ">", final: "q" },
      { prefix: "?", final: "u" },
      { intermediates: "$", final: "p" },
      { prefix: "?", intermediates: "$", final: "p" },
    ]) {
      parser.registerCsiHandler(id, taken);
    }
    parser.registerDcsHandler({ intermediates: "$", final: "q" }, taken);
    parser.registerDcsHandler({ intermediates: "+", final: "q" }, taken);
    for (const colour of [4, 10, 11, 12]) parser.registerOscHandler(colour, (text) => text.includes("?"));
    // The core passes the clipboard on where the connection allows it.
    parser.registerOscHandler(52, taken);
  }

  private isForShell(event: KeyboardEvent): boolean {
    if (localAction(readPress(event))) return false;
    const isOurs = event.ctrlKey && event.shiftKey && !event.altKey && !event.metaKey;
    if (isOurs && event.code === "KeyC") {
      event.preventDefault();
      if (event.type === "keydown" && this.selection !== "") this.events.copy(this.selection);
      return false;
    }
    // The browser's own paste follows, as an event.
    return !(isOurs && event.code === "KeyV");
  }

  private onPaste(event: ClipboardEvent): void {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    event.preventDefault();
    event.stopPropagation();
    if (text === "" || this.isReadOnly) return;
    if (/[\r\n]/.test(text.replace(/[\r\n]+$/, "")) || /[\r\n]$/.test(text)) this.events.askPaste(text);
    else this.paste(text);
  }
}
