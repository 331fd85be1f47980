/** Backups of everything saved. */
import { api, ApiError } from "../api";
import type { BackupView } from "../bindings";
import { t } from "../texts";
import { history } from "./history.svelte";
import { Resource } from "./resource.svelte";
import { toasts } from "./toasts.svelte";

/** How long the way back from a restore is offered: long enough to look around. */
const UNDO_MS = 30_000;

class Backups extends Resource<BackupView[]> {
  constructor() {
    super((options) => api.backups(options));
  }

  /** Backs everything up. Throws what the API refuses. */
  async make(): Promise<void> {
    await api.backUp();
    await this.load();
  }

  /** Goes back to a backup and says what that did, with the way back. Throws what the API refuses. */
  async restore(id: string): Promise<void> {
    const { changed, before } = await api.restoreBackup(id);
    await this.load();
    history.touch();
    if (changed === 0 || before === null) {
      toasts.show(t.backups.restored(changed));
      return;
    }
    const undo = {
      label: t.common.undo,
      run: () => {
        dismiss();
        void this.goBack(before);
      },
    };
    const dismiss = toasts.show(t.backups.restored(changed), undo, UNDO_MS);
  }

  /** Takes a restore back: settings, which no history keeps, come back with the rest. */
  private async goBack(before: string): Promise<void> {
    try {
      await api.restoreBackup(before);
      toasts.show(t.backups.takenBack);
      await this.load();
      history.touch();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toasts.show(error.message);
    }
  }
}

export const backups = new Backups();
