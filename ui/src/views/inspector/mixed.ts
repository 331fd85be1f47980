/** Choices of machines that may differ. */
import type { Choice } from "../../components/choices";
import { t } from "../../texts";

/** What a select shows where machines differ; no value of a field is written like this. */
export const MIXED = "\u0000mixed";

/** The choices, with the one that stands for what differs where it is shown. */
export function withMixed(value: string, choices: Choice[]): Choice[] {
  return value === MIXED ? [{ value: MIXED, label: t.many.mixed }, ...choices] : choices;
}
