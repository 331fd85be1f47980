import { expect, it } from "vitest";
import { Rates } from "./rates";

it("turns growing counters into bytes a second", () => {
  let rates = new Rates().with({ bytes_in: 1000, bytes_out: 10 }, 0);
  expect([rates.perSecondIn, rates.perSecondOut]).toEqual([0, 0]);
  rates = rates.with({ bytes_in: 3000, bytes_out: 20 }, 500);
  expect([rates.perSecondIn, rates.perSecondOut]).toEqual([4000, 20]);
  // A session that began anew counts from zero.
  rates = rates.with({ bytes_in: 5, bytes_out: 5 }, 1500);
  expect([rates.perSecondIn, rates.perSecondOut]).toEqual([0, 0]);
  expect(rates.history).toEqual([4000, 0]);
});
