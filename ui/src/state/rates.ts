import type { Stats } from "../bindings";

interface Sample {
  at: number;
  bytesIn: number;
  bytesOut: number;
}

/** How many past rates are kept for the little chart. */
const KEPT = 64;

/** Bytes per second out of counters that only grow. Unchanging: each step is a new value. */
export class Rates {
  constructor(
    readonly perSecondIn = 0,
    readonly perSecondOut = 0,
    readonly history: readonly number[] = [],
    private readonly last: Sample | null = null,
  ) {}

  /** The rates after another report. */
  with(stats: Pick<Stats, "bytes_in" | "bytes_out">, at: number): Rates {
    const sample = { at, bytesIn: stats.bytes_in, bytesOut: stats.bytes_out };
    const seconds = this.last ? (at - this.last.at) / 1000 : 0;
    if (!this.last || seconds <= 0) return new Rates(0, 0, this.history, sample);
    const inward = Math.max(0, sample.bytesIn - this.last.bytesIn) / seconds;
    const outward = Math.max(0, sample.bytesOut - this.last.bytesOut) / seconds;
    return new Rates(inward, outward, [...this.history, inward].slice(-KEPT), sample);
  }
}
