import { expect, it } from "vitest";
import { type WheelTurn, wheelNotches } from "./wheel";

const turn = (part: Partial<WheelTurn>): WheelTurn => ({ deltaX: 0, deltaY: 0, deltaMode: 0, ...part });

it.each<[string, Partial<WheelTurn>, [number, number]]>([
  ["a notch down where the browser tells notches", { deltaY: 53, wheelDeltaY: -120 }, [0, 120]],
  ["a notch up where the browser tells notches", { deltaY: -120, wheelDeltaY: 120 }, [0, -120]],
  ["a notch of pixels", { deltaY: 100 }, [0, 120]],
  ["a notch of lines", { deltaY: 3, deltaMode: 1 }, [0, 120]],
  ["a line up", { deltaY: -1, deltaMode: 1 }, [0, -40]],
  ["a page", { deltaY: 1, deltaMode: 2 }, [0, 360]],
  ["sideways", { deltaX: -100 }, [-120, 0]],
  ["both ways", { deltaX: 50, deltaY: 25 }, [60, 30]],
  ["a touch pad's smallest step down is not lost", { deltaY: 0.1 }, [0, 1]],
  ["a touch pad's smallest step up is not lost", { deltaY: -0.1 }, [0, -1]],
  ["nothing", {}, [0, 0]],
  ["a wheel that is still although notches are told", { deltaY: 0, wheelDeltaY: -120 }, [0, 0]],
  ["a delta beyond 16 bits", { deltaY: 1e9 }, [0, 0x7fff]],
])("%s", (_, part, [dx, dy]) => {
  expect(wheelNotches(turn(part))).toEqual({ dx, dy });
});
