import type { Component } from "svelte";

/** A way for files to leave a pane, or to come into it. */
export interface Send {
  label: string;
  icon: Component<{ class?: string }>;
  isDisabled: boolean;
  /** Why it cannot be done now. */
  hint?: string;
  /** It is about what is selected. */
  isOfSelection: boolean;
  run: () => void;
}
