/** Pictures on the desktop's own surface: where they lie, and when the page has to draw them itself. */
import { createSubscriber } from "svelte/reactivity";
import { type Graphics, host, type PictureSurface, type Placement, type Way } from "../host";
import { commandBar } from "./commandbar.svelte";
import { passwords } from "./passwords.svelte";
import { toasts } from "./toasts.svelte";

/** What lies beside the page's own root is a menu, a dialog or a hint; each comes and goes with its content. */
function floating(): number {
  return document.body.querySelectorAll(":scope > :not(#app, script)").length;
}

const nextFrame = (): Promise<unknown> => new Promise((resolve) => requestAnimationFrame(resolve));

class NativePictures {
  private told: Graphics | null = $state.raw(null);
  private readonly wanted = new Map<string, Placement>();
  private shown: ReadonlySet<string> = new Set();
  private sent: Promise<void> = Promise.resolve();
  private next: Promise<void> | null = null;
  private readonly floats = createSubscriber((update) => {
    const observer = new MutationObserver(update);
    observer.observe(document.body, { childList: true });
    return () => observer.disconnect();
  });

  constructor() {
    if (host.surface) void this.ask(host.surface);
  }

  /** Where pictures are drawn. The page draws them until more is known. */
  get way(): Way {
    return this.told?.way ?? "canvas";
  }

  /** What is known of that, once it is. */
  get graphics(): Graphics | null {
    return this.told;
  }

  private async ask(surface: PictureSurface): Promise<void> {
    let told = await surface.graphics();
    const root = document.documentElement.dataset;
    if (told.way === "under" && told.is_transparent === null) {
      root["probe"] = "";
      // The second one begins when the first is drawn.
      await nextFrame();
      await nextFrame();
      told = await surface.tryPage();
      delete root["probe"];
    }
    root["graphics"] = told.way;
    this.told = told;
  }

  /** Whether something of the page may lie over pictures, which a surface over the page would hide. */
  get isCovered(): boolean {
    if (this.way !== "top") return false;
    this.floats();
    return floating() > 0 || toasts.all.length > 0 || passwords.copied !== null || commandBar.isOpen;
  }

  /** Shows a picture there from now on, or moves it. True once it is there. */
  async show(placement: Placement): Promise<boolean> {
    this.wanted.set(placement.session, placement);
    await this.send();
    return this.shown.has(placement.session);
  }

  /** Takes a picture away. */
  async remove(session: string): Promise<void> {
    if (this.wanted.delete(session)) await this.send();
  }

  /** Tells all places at once, one time after the other: what moves while one is on its way goes along with the next. */
  private send(): Promise<void> {
    if (this.next) return this.next;
    this.next = this.sent.then(async () => {
      this.next = null;
      try {
        this.shown = new Set(await host.surface?.place([...this.wanted.values()]));
      } catch {
        // The program is ending, or was never asked: the page draws them.
        this.shown = new Set();
      }
    });
    this.sent = this.next;
    return this.next;
  }
}

export const nativePictures = new NativePictures();
