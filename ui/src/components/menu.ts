import type { Component } from "svelte";

export interface MenuAction {
  kind?: "action";
  label: string;
  icon?: Component<{ class?: string }>;
  keys?: string;
  isDanger?: boolean;
  isDisabled?: boolean;
  run: () => void;
}

export interface MenuToggle {
  kind: "toggle";
  label: string;
  isOn: boolean;
  keys?: string;
  isDisabled?: boolean;
  run: () => void;
}

export interface MenuBranch {
  kind: "branch";
  label: string;
  icon?: Component<{ class?: string }>;
  isDisabled?: boolean;
  items: MenuEntry[];
}

export type MenuEntry =
  | MenuAction
  | MenuToggle
  | MenuBranch
  | { kind: "rule" }
  | { kind: "title"; label: string }
  | { kind: "hint"; label: string };

/**
 * Runs what a person chose once the menu is gone.
 *
 * A menu holds the focus until it has closed and gives it back then; an action that opens a field would lose it again.
 */
export function afterMenu(run: () => void): void {
  setTimeout(run);
}

/** Whether a field took the focus while a menu closed: then the menu must not take it back. */
export function isTyping(): boolean {
  return document.activeElement instanceof HTMLInputElement || document.activeElement instanceof HTMLTextAreaElement;
}
