/** Texts of long lists: choosing from them, and waiting for them. */
import { wholeNumber } from "./number";

export const pick = {
  filter: (count: number) => `Filter ${wholeNumber(count)}`,
  chosen: "Chosen",
  nothing: "Nothing found",
  allTags: (count: number) => `All ${wholeNumber(count)} tags…`,
  fromAllTags: "Choose from all tags",
  removeFrom: "Remove a tag from all",
};

export const waiting = {
  slow: (label: string) => `${label} takes long`,
  reason: (from: string) => `${from} has not answered for 10 seconds. The answer is shown as soon as it comes.`,
  address: (address: string) => `Farwire at ${address}`,
  program: "Farwire on this computer",
  cancelled: "Cancelled",
  cancelledHint: (label: string) => `${label} was given up. Nothing was changed.`,
};
