/** The time, for ages and countdowns. Ticks once a second while somebody reads it. */
import { createSubscriber } from "svelte/reactivity";
import { MACHINES, sessions } from "./sessions.svelte";

const subscribe = createSubscriber((update) => {
  const timer = setInterval(update, 1000);
  return () => clearInterval(timer);
});

export const clock = {
  /** Milliseconds since 1970. */
  get now(): number {
    subscribe();
    return Date.now();
  },
};

/** The same for the list of machines, which waits behind a session: it does not tick there. */
export const listClock = {
  /** Milliseconds since 1970. */
  get now(): number {
    return sessions.activeId === MACHINES ? clock.now : Date.now();
  },
};
