/** Whether the window is as large as the screen, and whether it has the keys that the system would keep. */
import { host } from "../host";

class FullScreen {
  isOn = $state(false);
  hasAllKeys = $state(false);

  constructor() {
    host.fullScreen.watch(({ isOn, hasAllKeys }) => {
      this.isOn = isOn;
      this.hasAllKeys = hasAllKeys;
    });
  }

  toggle(): Promise<void> {
    return host.fullScreen.set(!this.isOn);
  }

  leave(): void {
    if (this.isOn) void host.fullScreen.set(false);
  }

  wantAllKeys(areWanted: boolean): void {
    host.fullScreen.wantAllKeys(areWanted);
  }
}

export const fullScreen = new FullScreen();
