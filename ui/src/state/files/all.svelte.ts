/** Everything that is copied, whoever carries it: the newest first. */
import { loads } from "./loads.svelte";
import { isUnderWay, type TransferRow } from "./row";
import { transfers } from "./transfers.svelte";

class AllTransfers {
  readonly rows: readonly TransferRow[] = $derived([...transfers.rows, ...loads.rows].sort((a, b) => b.created - a.created));
  readonly underWay: readonly TransferRow[] = $derived(this.rows.filter(isUnderWay));
  /** Bytes a second, all together. */
  readonly rate: number = $derived(this.underWay.reduce((sum, { rate }) => sum + rate, 0));
  /** Percent of what is under way. */
  readonly share: number = $derived.by(() => {
    const all = this.underWay.reduce((sum, { bytes }) => sum + bytes, 0);
    const done = this.underWay.reduce((sum, { bytesDone }) => sum + bytesDone, 0);
    return all === 0 ? 0 : Math.floor((done / all) * 100);
  });
}

export const allTransfers = new AllTransfers();
