/** What browsers have and jsdom has not. Imported before anything that asks for it. */
import { configure } from "@testing-library/svelte";
import { vi } from "vitest";

// A machine that does much else takes its time for what is drawn next.
configure({ asyncUtilTimeout: 15_000 });
vi.setConfig({ testTimeout: 60_000 });

/** Nothing is measured where nothing is laid out. */
class Unmeasured {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

window.matchMedia ??= () => Object.assign(new EventTarget(), { matches: false }) as MediaQueryList;
window.ResizeObserver ??= Unmeasured as unknown as typeof ResizeObserver;
Element.prototype.scrollIntoView ??= vi.fn();
