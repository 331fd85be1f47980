/** Numbers, ages and times as people read them. */
import { en as t } from "./en";

export { wholeNumber } from "./number";

/** Words for moments. A format is made when it is first needed: what it is made of takes a MiB and a part of the start. */
function format(options: Intl.DateTimeFormatOptions): (ms: number) => string {
  let made: Intl.DateTimeFormat | undefined;
  return (ms) => (made ??= new Intl.DateTimeFormat(undefined, options)).format(ms);
}

const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
const DATE = { day: "numeric", month: "short" } as const;
const date = format(DATE);
const longDate = format({ ...DATE, year: "numeric" });

export const clockTime = format(CLOCK);
export const exactTime = format({ ...CLOCK, second: "2-digit" });

/** A date with its time. */
export const moment = format({ ...DATE, year: "numeric", ...CLOCK });

/** `8 s`, `2 min`, `2 h`, then a date. */
export function age(then: number, now: number): string {
  const seconds = Math.max(0, Math.floor((now - then) / 1000));
  if (seconds < 5) return t.common.now;
  if (seconds < 60) return t.units.seconds(seconds);
  if (seconds < 3600) return t.units.minutes(Math.floor(seconds / 60));
  if (seconds < 86_400) return t.units.hours(Math.floor(seconds / 3600));
  return day(then, now);
}

/** The same inside a sentence: `8 s ago`, `just now`, a date as it is. */
export function ago(then: number, now: number): string {
  const text = age(then, now);
  if (text === t.common.now) return t.common.justNow;
  return now - then < 86_400_000 ? t.units.ago(text) : text;
}

/** A date; with its year if that is not this one. */
export function day(then: number, now: number): string {
  const isThisYear = new Date(then).getFullYear() === new Date(now).getFullYear();
  return isThisYear ? date(then) : longDate(then);
}

/** `2.4 MB`: three digits at most. */
export function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  let rest = value;
  while (rest >= 999.5 && at < units.length - 1) {
    rest /= 1000;
    at += 1;
  }
  const digits = at > 0 && rest < 9.95 ? 1 : 0;
  return `${rest.toFixed(digits)} ${units[at] ?? ""}`;
}
