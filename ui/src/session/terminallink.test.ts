import { describe, expect, it } from "vitest";
import { TerminalLink, type TerminalSink } from "./terminallink";

/** Notes what it is given, and is done with it when told. */
class Paper implements TerminalSink {
  said: string[] = [];
  done: (() => void)[] = [];
  output(bytes: Uint8Array, drawn: () => void): void {
    this.said.push(new TextDecoder().decode(bytes));
    this.done.push(drawn);
  }
  screen(columns: number, rows: number, bytes: Uint8Array, drawn: () => void): void {
    this.said.push(`${columns}x${rows} ${new TextDecoder().decode(bytes)}`);
    this.done.push(drawn);
  }
}

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

describe("the way to a terminal", () => {
  it("keeps what comes before the terminal is there", () => {
    const acks: number[] = [];
    const link = new TerminalLink((seq) => acks.push(seq));
    link.add({ kind: "terminal-screen", columns: 80, rows: 24, bytes: bytes("first") });
    expect(link.finish(1)).toBe(true);
    link.add({ kind: "output", bytes: bytes("second") });
    link.finish(2);
    const paper = new Paper();
    link.connect(paper);
    expect(paper.said).toEqual(["80x24 first", "second"]);
    expect(acks).toEqual([]);
    for (const done of paper.done) done();
    expect(acks).toEqual([1, 2]);
  });

  it("acknowledges nothing of a stream that was left", () => {
    const acks: number[] = [];
    const link = new TerminalLink((seq) => acks.push(seq));
    const paper = new Paper();
    link.connect(paper);
    link.add({ kind: "output", bytes: bytes("old") });
    link.finish(1);
    link.reset();
    paper.done[0]?.();
    expect(acks).toEqual([]);
  });

  it("leaves frames of pictures to the canvas", () => {
    expect(new TerminalLink(() => undefined).finish(1)).toBe(false);
  });
});
