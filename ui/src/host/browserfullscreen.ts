/** Full screen in a browser. The whole page goes, so that menus and dialogs stay visible; the frame hides itself. */
import type { FullScreen, FullScreenState } from "./host";

/** Only Chromium can also hand over Alt+Tab and the like. */
interface LockableKeyboard {
  lock?(): Promise<void>;
  unlock?(): void;
}

export class BrowserFullScreen implements FullScreen {
  private listener: (state: FullScreenState) => void = () => undefined;
  private areWanted = false;
  private hasAllKeys = false;

  async set(isOn: boolean): Promise<void> {
    if (isOn === (document.fullscreenElement !== null)) return;
    if (isOn) await document.documentElement.requestFullscreen();
    else await document.exitFullscreen();
  }

  wantAllKeys(areWanted: boolean): void {
    this.areWanted = areWanted;
    void this.settle();
  }

  watch(listener: (state: FullScreenState) => void): void {
    this.listener = listener;
    document.addEventListener("fullscreenchange", () => void this.settle());
    void this.settle();
  }

  private get mustHave(): boolean {
    return document.fullscreenElement !== null && this.areWanted;
  }

  private async settle(): Promise<void> {
    const { keyboard } = navigator as Navigator & { keyboard?: LockableKeyboard };
    if (this.mustHave && !this.hasAllKeys && keyboard?.lock) {
      this.hasAllKeys = await keyboard.lock().then(() => true, () => false);
    }
    // Also what is not wanted any more by the time it is given.
    if (!this.mustHave && this.hasAllKeys) {
      keyboard?.unlock?.();
      this.hasAllKeys = false;
    }
    this.listener({ isOn: document.fullscreenElement !== null, hasAllKeys: this.hasAllKeys });
  }
}
