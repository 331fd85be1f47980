/** The texts of several machines at once. */
import { machines, wholeNumber } from "./number";

export const many = {
  title: machines,
  intro: "What you change here is changed in all of them. The rest stays as it is in each.",
  mixed: "Mixed",
  keep: "As they are",
  connect: (count: number) => `Connect ${wholeNumber(count)}`,
  tooMany: (limit: number) => `At most ${wholeNumber(limit)} are opened at once`,
  tagOfSome: (tag: string, count: number) => `${tag}, on ${wholeNumber(count)}`,
  addTag: "Add a tag to all",
  removeTag: (tag: string) => `Remove tag ${tag} from all`,
  keepTag: (tag: string) => `Keep tag ${tag}`,
  favourite: "Favourite",
  yes: "Yes",
  no: "No",
  review: "Review changes",
  reviewing: "Working out what changes",
  nothing: "Nothing would change",
  would: (count: number) => `${machines(count)} would change`,
  refusedTitle: (count: number) => `${machines(count)} would be refused`,
  apply: (count: number) => `Change ${machines(count)}`,
  discard: "Discard",
  back: "Go on editing",
  progress: (done: number, of: number) => `${wholeNumber(done)} of ${wholeNumber(of)}`,
  changed: (count: number) => `Changed ${machines(count)}`,
  deleted: (count: number) => `Deleted ${machines(count)}`,
  refused: (count: number, name: string, why: string) =>
    count === 1 ? `${name} was refused: ${why}` : `${machines(count)} were refused, first ${name}: ${why}`,
  moreMachines: (count: number) => `and ${machines(count)} more`,
  portOwn: "The protocol’s own",
};
