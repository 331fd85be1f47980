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
