import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Screen } from "./canvas";
import type { PictureMessage } from "./frames";

let calls: string[] = [];
let frames: FrameRequestCallback[] = [];

/** jsdom draws nothing; what counts here is what is drawn, in which order, and when it is answered. */
beforeEach(() => {
  calls = [];
  frames = [];
  vi.useFakeTimers();
  vi.stubGlobal("ImageData", class {
    constructor(readonly data: Uint8ClampedArray, readonly width: number, readonly height: number) {}
  });
  vi.stubGlobal("requestAnimationFrame", (callback: FrameRequestCallback) => frames.push(callback));
  vi.stubGlobal("cancelAnimationFrame", (id: number) => void (frames[id - 1] = () => undefined));
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue({
    putImageData: (image: ImageData, x: number, y: number) => calls.push(`pixels ${image.width}x${image.height} at ${x},${y}`),
    drawImage: (_: unknown, ...rect: number[]) => calls.push(`copy ${rect.join(" ")}`),
    fillRect: (...rect: number[]) => calls.push(`fill ${rect.join(" ")}`),
  } as unknown as CanvasRenderingContext2D);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const fill = (x: number): PictureMessage => ({ kind: "fill", x, y: 0, w: 1, h: 1, colour: "rgb(0 0 0)" });
const screen = (): Screen =>
  new Screen({ drawn: (seq) => calls.push(`drawn ${seq}`), resized: ({ w, h }) => calls.push(`resized ${w}x${h}`) });
const animate = (): void => {
  for (const callback of frames.splice(0)) callback(0);
};

describe("Screen", () => {
  it("draws nothing before a frame is complete and the browser paints", () => {
    const picture = screen();
    picture.add(fill(1));
    animate();
    picture.finish(7, true);
    expect(calls).toEqual([]);
    animate();
    expect(calls).toEqual(["fill 1 0 1 1", "drawn 7"]);
  });

  it("draws frames that came together in one go and answers each", () => {
    const picture = screen();
    picture.add({ kind: "resize", w: 10, h: 20 });
    picture.add({ kind: "pixels", x: 3, y: 4, w: 2, h: 1, pixels: new Uint8ClampedArray(8) });
    picture.finish(1, true);
    picture.add({ kind: "copy", x: 5, y: 6, w: 2, h: 2, srcX: 1, srcY: 0 });
    picture.finish(2, true);
    expect(frames).toHaveLength(1);
    animate();
    expect(calls).toEqual(["resized 10x20", "pixels 2x1 at 3,4", "drawn 1", "copy 1 0 2 2 5 6 2 2", "drawn 2"]);
    expect(picture.size).toEqual({ w: 10, h: 20 });
  });

  it("answers once although a timer watches over the animation frame", () => {
    const picture = screen();
    picture.finish(1, true);
    vi.advanceTimersByTime(1000);
    animate();
    expect(calls).toEqual(["drawn 1"]);
  });

  it("draws what was on its way at once while nobody looks", () => {
    const picture = screen();
    picture.add(fill(1));
    picture.finish(1, true);
    picture.show(false);
    picture.add(fill(2));
    picture.finish(2, true);
    expect(calls).toEqual(["fill 1 0 1 1", "drawn 1", "fill 2 0 1 1", "drawn 2"]);
  });

  it("forgets half a frame when the stream is attached anew", () => {
    const picture = screen();
    picture.add(fill(1));
    picture.reset();
    picture.add(fill(2));
    picture.finish(1, true);
    animate();
    expect(calls).toEqual(["fill 2 0 1 1", "drawn 1"]);
  });

  it("is whole once nothing of the picture is on its way", async () => {
    const picture = screen();
    const told = picture.whole().then(() => calls.push("whole"));
    picture.add(fill(1));
    picture.finish(1, false);
    animate();
    await Promise.resolve();
    picture.add(fill(2));
    picture.finish(2, true);
    animate();
    await told;
    expect(calls).toEqual(["fill 1 0 1 1", "drawn 1", "fill 2 0 1 1", "drawn 2", "whole"]);
  });

  it("draws what came last and lets nobody wait for more", async () => {
    const picture = screen();
    const told = picture.whole().then(() => calls.push("whole"));
    picture.add(fill(1));
    picture.finish(1, false);
    picture.settle();
    await told;
    expect(calls).toEqual(["fill 1 0 1 1", "drawn 1", "whole"]);
  });
});
