/** What browsers have and jsdom has not. Imported before anything that asks for it. */
import { vi } from "vitest";

/** Nothing is measured where nothing is laid out. */
class Unmeasured {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

window.matchMedia ??= () => Object.assign(new EventTarget(), { matches: false }) as MediaQueryList;
window.ResizeObserver ??= Unmeasured as unknown as typeof ResizeObserver;
Element.prototype.scrollIntoView ??= vi.fn();
