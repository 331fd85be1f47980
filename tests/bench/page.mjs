// The measurements of tests/bench/page, which says what they are: page.mjs ROUNDS.
import { availableParallelism, loadavg } from "node:os";
import { measureHuge, median } from "../ui/browser/pace.mjs";
import { openPage } from "../ui/browser/page.mjs";

const ROUNDS = Number(process.argv[2]);
/** Animation frames a second. */
const MIN_RATE = 55;
/** Milliseconds of the page's thread: a frame of 60 a second. */
const MAX_KEY_MS = 16;

const missed = [];

function row(what, figure, goal, isMet) {
  console.log(`${what.padEnd(34)} ${figure.padStart(38)}  ${goal}${isMet ? "" : "  MISSED"}`);
  if (!isMet) missed.push(`${what}: ${figure}, the goal is ${goal}`);
}

/** Opens a page of its own and measures it once. */
async function measureOnce() {
  const ends = [];
  try {
    const { page } = await openPage({ name: "bench", after: (end) => ends.unshift(end) }, { isHuge: true });
    await page.getByRole("row", { name: /host-000000/ }).waitFor({ timeout: 60_000 });
    return await measureHuge(page);
  } finally {
    for (const end of ends) await end();
  }
}

console.log(`100,000 connections in 2,000 groups, at a load of ${loadavg()[0].toFixed(1)} on ${availableParallelism()} processors`);
const rounds = [];
for (let round = 0; round < ROUNDS; round += 1) rounds.push(await measureOnce());
const [first] = rounds;
for (const what of Object.keys(first.scrolls)) {
  const best = rounds.map(({ scrolls }) => scrolls[what]).toSorted((a, b) => b.rate - a.rate)[0];
  const figure = `${best.rate.toFixed(1)} frames/s of ${best.cost.toFixed(1)} ms, gap ${best.longest.toFixed(0)} ms`;
  row(what, figure, `at least ${MIN_RATE} frames/s`, best.rate >= MIN_RATE);
}
for (const what of Object.keys(first.costs)) {
  const best = rounds.map(({ costs }) => costs[what]).toSorted((a, b) => median(a) - median(b))[0];
  const figure = `${median(best).toFixed(1)} ms, at most ${Math.max(...best).toFixed(1)} ms`;
  row(what, figure, `at most ${MAX_KEY_MS} ms`, median(best) <= MAX_KEY_MS);
}
for (const [what, { goal }] of Object.entries(first.clicks)) {
  // Each click sorts by another column: the slowest counts.
  const best = Math.min(...rounds.map(({ clicks }) => Math.max(...clicks[what].times)));
  row(what, `at most ${best.toFixed(1)} ms`, `at most ${goal} ms`, best <= goal);
}
for (const each of missed) console.log(`missed: ${each}`);
process.exitCode = missed.length > 0 ? 1 : 0;
