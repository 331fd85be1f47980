import { beforeEach, describe, expect, it, vi } from "vitest";
import { Button } from "./messages";
import { type Fitting, placePicture, PointerTrack, remotePoint, type Size, wireButtons, ZOOM_STEPS, zoomStep } from "./pointer";

describe("placePicture", () => {
  const cases: [string, Size, Size, Fitting, number, [number, number, number, number]][] = [
    ["the same size", { w: 800, h: 600 }, { w: 800, h: 600 }, "fit", 1, [0, 0, 800, 600]],
    ["a wide picture", { w: 1600, h: 600 }, { w: 800, h: 600 }, "fit", 1, [0, 150, 800, 300]],
    ["a tall picture", { w: 600, h: 1200 }, { w: 800, h: 600 }, "fit", 1, [250, 0, 300, 600]],
    ["a small picture is enlarged", { w: 400, h: 300 }, { w: 800, h: 600 }, "fit", 1, [0, 0, 800, 600]],
    ["exact, smaller than the view", { w: 400, h: 300 }, { w: 800, h: 600 }, "exact", 1, [200, 150, 400, 300]],
    ["exact, larger than the view", { w: 1000, h: 900 }, { w: 800, h: 600 }, "exact", 1, [0, 0, 1000, 900]],
    ["exact on a fine screen", { w: 400, h: 300 }, { w: 800, h: 600 }, "exact", 2, [300, 225, 200, 150]],
    ["filling leaves no border", { w: 400, h: 400 }, { w: 800, h: 600 }, "fill", 1, [0, 0, 800, 800]],
    ["twice as large, on a fine screen", { w: 400, h: 300 }, { w: 800, h: 600 }, 2, 2, [200, 150, 400, 300]],
    ["an odd rest lies on a whole pixel", { w: 401, h: 301 }, { w: 800, h: 600 }, "exact", 1, [199, 149, 401, 301]],
    ["nothing yet", { w: 0, h: 0 }, { w: 800, h: 600 }, "fit", 1, [0, 0, 0, 0]],
  ];
  it.each(cases)("%s", (_, remote, view, fitting, ratio, [left, top, width, height]) => {
    expect(placePicture(remote, view, fitting, ratio)).toEqual({ left, top, width, height });
  });
});

describe("remotePoint", () => {
  const picture = { left: 100, top: 50, width: 400, height: 300 };
  it.each<[string, number, number, Size, [number, number]]>([
    ["the upper left corner", 100, 50, { w: 800, h: 600 }, [0, 0]],
    ["just inside the lower right corner", 499.9, 349.9, { w: 800, h: 600 }, [799, 599]],
    ["the lower right edge itself", 500, 350, { w: 800, h: 600 }, [799, 599]],
    ["left of and above the picture", 0, 0, { w: 800, h: 600 }, [0, 0]],
    ["right of and below the picture", 9999, 9999, { w: 800, h: 600 }, [799, 599]],
    ["between two remote pixels", 100.49, 50.5, { w: 800, h: 600 }, [0, 1]],
    ["an enlarged picture", 107.9, 58.1, { w: 50, h: 37 }, [0, 0]],
    ["an enlarged picture, next pixel", 108, 58.2, { w: 50, h: 37 }, [1, 1]],
    ["no picture", 200, 200, { w: 0, h: 0 }, [0, 0]],
  ])("%s", (_, x, y, remote, [expectedX, expectedY]) => {
    expect(remotePoint(x, y, picture, remote)).toEqual({ x: expectedX, y: expectedY });
  });

  it("hits every remote pixel in its middle, whatever the scale", () => {
    for (const [remote, view] of [
      [{ w: 1280, h: 800 }, { w: 1161, h: 727 }],
      [{ w: 1024, h: 768 }, { w: 1919, h: 1003 }],
      [{ w: 333, h: 777 }, { w: 640, h: 481 }],
    ] as const) {
      const place = placePicture(remote, view, "fit", 1.25);
      for (let x = 0; x < remote.w; x += 1) {
        const at = place.left + ((x + 0.5) * place.width) / remote.w;
        expect(remotePoint(at, place.top, place, remote).x).toBe(x);
      }
    }
  });
});

it.each([
  [0, 0],
  [1, Button.left],
  [2, Button.right],
  [4, Button.middle],
  [8, Button.back],
  [16, Button.forward],
  [3, Button.left | Button.right],
  [32, 0],
])("buttons %i of the page are %i on the wire", (page, wire) => {
  expect(wireButtons(page)).toBe(wire);
});

describe("PointerTrack", () => {
  let sent: string[] = [];
  let now = 0;
  const track = (): PointerTrack => new PointerTrack((x, y, buttons) => void sent.push(`${x},${y}/${buttons}`), () => now);

  beforeEach(() => {
    sent = [];
    now = 1000;
    vi.useFakeTimers();
  });

  it("merges a flood of moves and keeps the last", () => {
    const pointer = track();
    for (let x = 0; x < 50; x += 1) pointer.at(x, 0, 0);
    expect(sent).toEqual(["0,0/0"]);
    vi.runAllTimers();
    expect(sent).toEqual(["0,0/0", "49,0/0"]);
  });

  it("sends a press at once, after the move that led to it", () => {
    const pointer = track();
    pointer.at(1, 1, 0);
    pointer.at(5, 5, 0);
    pointer.at(5, 5, 1);
    pointer.at(5, 5, 0);
    expect(sent).toEqual(["1,1/0", "5,5/0", "5,5/1", "5,5/0"]);
  });

  it("never sends an old move after a newer press", () => {
    const pointer = track();
    pointer.at(1, 1, 0);
    pointer.at(2, 2, 0);
    pointer.at(9, 9, 1);
    vi.runAllTimers();
    expect(sent.at(-1)).toBe("9,9/1");
  });

  it("forgets a move that waits when it is reset", () => {
    const pointer = track();
    pointer.at(1, 1, 0);
    pointer.at(2, 2, 0);
    pointer.reset();
    vi.runAllTimers();
    expect(sent).toEqual(["1,1/0"]);
  });
});

describe("zooming", () => {
  it("goes from step to step and stops at the ends", () => {
    let zoom = 0.25;
    const seen = [zoom];
    for (let count = 0; count < 20; count += 1) {
      const next = zoomStep(zoom, 1);
      if (next !== zoom) seen.push(next);
      zoom = next;
    }
    expect(seen).toEqual(ZOOM_STEPS);
    for (let count = 0; count < 20; count += 1) zoom = zoomStep(zoom, -1);
    expect(zoom).toBe(0.25);
  });

  it("leaves a size between two steps for the next one", () => {
    expect([zoomStep(0.83, 1), zoomStep(0.83, -1), zoomStep(0.9004, 1)]).toEqual([0.9, 0.75, 1]);
  });
});
