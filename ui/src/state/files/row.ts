/** A line of the list of transfers, whoever carries it: the program, or this page. */
import type { Conflict } from "../../bindings";

export type RowState = "waiting" | "running" | "paused" | "asking" | "failed" | "done" | "cancelled";

/** What a person may answer where something is there already. */
export type Rule = Exclude<Conflict, "ask">;
export const RULES: readonly Rule[] = ["skip", "overwrite", "newer", "rename"];

export interface TransferRow {
  id: string;
  name: string;
  /** From where to where, in words. */
  where: string;
  direction: "up" | "down" | "across";
  state: RowState;
  bytes: number;
  bytesDone: number;
  /** Bytes a second. */
  rate: number;
  etaSecs: number | null;
  files: number;
  filesDone: number;
  leftOut: number;
  /** How many are there already. */
  asked: number;
  /** Why it failed or waits, and what could not be copied. */
  problem: string | null;
  created: number;
  /** Null where that cannot be done. */
  pause: (() => void) | null;
  resume: (() => void) | null;
  retry: (() => void) | null;
  cancel: (() => void) | null;
  answer: ((rule: Rule) => void) | null;
  forget: (() => void) | null;
}

/** Whether it goes on by itself. */
export const isUnderWay = ({ state }: TransferRow): boolean => state === "running" || state === "waiting";
