/** Words for credentials that machines share, and for what they take over from groups. */
import { machines } from "./number";

export const shared = {
  credentials: "Credentials",
  title: "Shared credentials",
  intro: "Saved once, used by any number of machines and groups: change a password here, and it is changed for all of them.",
  none: "None",
  own: "Own",
  new: "New credentials…",
  newTitle: "New shared credentials",
  change: (name: string) => `Change ${name}`,
  edit: "Change",
  namePlaceholder: "Line operators",
  passwordStays: "Stored; type a new one to replace it",
  hint: "Any number of machines and groups can sign in with them.",
  usedHint: (count: number) => `What is saved here counts for ${machines(count)} from the next connection on.`,
  usedBy: (count: number) => (count === 0 ? "Not used" : `Used by ${machines(count)}`),
  loadFailed: "The shared credentials could not be read",
  unknown: "Saved credentials",
  ownWins: "Stored for this machine, which goes first",
  ownInstead: "Enter its own",
  moved: "Chosen for the address it had before",
  withheld: "Not sent here until you agree",
  useHere: "Use here too",
  deleted: (name: string) => `Deleted ${name}`,
  notDeleted: (name: string, why: string) => `${name} was not deleted: ${why}`,
};

export const inherit = {
  from: (group: string) => `From ${group}`,
  says: (words: string) => `Group says ${words}`,
  override: "Override",
  overrideFor: (label: string) => `Override ${label}`,
  use: "Use it",
  useFor: (label: string) => `Use it for ${label}`,
  likeGroup: (group: string) => `Like ${group}`,
  groupHint: (count: number) => `Taken over by ${machines(count)}, where ${count === 1 ? "it says" : "they say"} nothing else`,
};
