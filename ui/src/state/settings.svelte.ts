/** The application's own settings. */
import { api, type SettingsChange } from "../api";
import type { SettingsView } from "../bindings";
import { Resource } from "./resource.svelte";

class SettingsState extends Resource<SettingsView> {
  /** Whether a person has read what happened to the saved data at the start. */
  isNoticeRead = $state(false);

  constructor() {
    super(api.settings);
  }

  private get isRoomy(): boolean {
    return this.value?.appearance.density === "roomy";
  }

  /** The height of a row of a table in CSS pixels, as the style sheet has it too. */
  get rowHeight(): number {
    return this.isRoomy ? 34 : 28;
  }

  /** The height of a row of the sidebar in CSS pixels. */
  get navHeight(): number {
    return this.isRoomy ? 30 : 26;
  }

  /** Writes some settings; they act at once. Throws what the API refuses. */
  async change(change: SettingsChange): Promise<void> {
    this.value = await api.changeSettings(change);
    await this.load();
  }
}

export const settings = new SettingsState();

/** Lets the page look as the settings say. */
export function applyAppearance(root: HTMLElement): void {
  const appearance = settings.value?.appearance;
  if (!appearance || appearance.theme === "system") delete root.dataset["theme"];
  else root.dataset["theme"] = appearance.theme;
  if (appearance?.density === "roomy") root.dataset["density"] = "roomy";
  else delete root.dataset["density"];
}
