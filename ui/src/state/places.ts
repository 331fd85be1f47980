/** Places of the main window, from whichever window a person is in. */
import { host, type Wish } from "../host";
import { commandBar } from "./commandbar.svelte";
import { layout } from "./layout.svelte";
import { library } from "./library.svelte";
import { MACHINES, sessions } from "./sessions.svelte";

/** Fulfils a wish here, or has the main window do it. */
export function grant(wish: Wish): void {
  if (host.own) {
    host.own.ask(wish);
    return;
  }
  switch (wish.kind) {
    case "session":
      sessions.showId(wish.session);
      return;
    case "details":
      library.select(wish.connection);
      layout.hasInspector = true;
      library.go({ kind: "all" });
      sessions.activate(MACHINES);
      return;
    case "search":
      commandBar.open();
  }
}
