/** What a viewer passes on to the terminal that shows a shell, which may come a moment later than its first bytes. */
import type { TerminalMessage } from "./frames";

/** Something that draws a shell. `drawn` is called when the bytes are taken in. */
export interface TerminalSink {
  output(bytes: Uint8Array, drawn: () => void): void;
  screen(columns: number, rows: number, bytes: Uint8Array, drawn: () => void): void;
}

export class TerminalLink {
  private sink: TerminalSink | null = null;
  // The server sends no third frame before the first is acknowledged.
  private waiting: (() => void)[] = [];
  private message: TerminalMessage | null = null;
  private attachment = 0;

  constructor(private readonly acknowledge: (seq: number) => void) {}

  /** Gives the terminal; what waited for it is drawn. */
  connect(sink: TerminalSink): void {
    this.sink = sink;
    for (const run of this.waiting.splice(0)) run();
  }

  /** A new stream begins: what belongs to the last one is void. */
  reset(): void {
    this.attachment += 1;
    this.waiting = [];
    this.message = null;
  }

  add(message: TerminalMessage): void {
    this.message = message;
  }

  /** The frame is whole. Whether it was one of a terminal. */
  finish(seq: number): boolean {
    const message = this.message;
    if (message === null) return false;
    this.message = null;
    const { attachment } = this;
    const run = (): void => {
      const drawn = (): void => {
        if (attachment === this.attachment) this.acknowledge(seq);
      };
      if (message.kind === "output") this.sink?.output(message.bytes, drawn);
      else this.sink?.screen(message.columns, message.rows, message.bytes, drawn);
    };
    if (this.sink) run();
    else this.waiting.push(run);
    return true;
  }
}
