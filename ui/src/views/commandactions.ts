/** The actions that the command bar finds. */
import { bestOf } from "../state/fuzzy";
import { sessions } from "../state/sessions.svelte";
import { type Action, sessionActions, windowActions } from "./actions";

export interface CommandAction extends Action {
  id: string;
}

const MAX_ACTIONS = 4;

/** Actions that the words name, of those that fit as well the last used first; a few to learn from while nothing is typed. */
export function commandActions(words: readonly string[], used: readonly string[]): { best: CommandAction[]; fit: number } {
  // The bar itself is open already, and what is to be filtered or selected lies under it.
  const { search: _, filter: __, selectAll: ___, ...ofWindow } = windowActions();
  const { close, detach, fullScreen, ...ofTab } = sessionActions(sessions.active);
  const named = { close, detach, fullScreen, ...ofWindow, ...ofTab };
  const all = Object.entries<Action>(named)
    .filter(([, { isDisabled }]) => !isDisabled)
    .map(([id, action]) => ({ ...action, id, label: action.find ?? action.label }));
  const rank = ({ id }: CommandAction): number => (used.includes(id) ? used.indexOf(id) : used.length);
  all.sort((a, b) => rank(a) - rank(b));
  return bestOf(all, ({ label }) => label, words, MAX_ACTIONS);
}
