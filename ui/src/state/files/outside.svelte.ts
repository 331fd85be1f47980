/** Files of machines that are open in programs of the desktop. */
import { host, type OutsideFile } from "../../host";
import { t } from "../../texts";
import { toasts } from "../toasts.svelte";

class OutsideFiles {
  all: readonly OutsideFile[] = $state.raw([]);

  constructor() {
    host.outside?.watch((files) => (this.all = files));
  }

  of(connection: string): readonly OutsideFile[] {
    return this.all.filter(({ connection_uid: uid }) => uid === connection);
  }

  async open(session: string, path: string, name: string): Promise<void> {
    const problem = await host.outside?.open(session, path);
    if (problem) toasts.show(`${t.files.outside.failed(name)}: ${problem}`);
  }
}

export const outside = new OutsideFiles();
