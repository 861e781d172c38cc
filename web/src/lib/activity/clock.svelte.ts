/** The time, second by second, for as long as somebody reads it: countdowns run without a question to the server. */
import { createSubscriber } from "svelte/reactivity";

const subscribe = createSubscriber((update) => {
  const timer = setInterval(update, 1000);
  return () => clearInterval(timer);
});

/** Milliseconds, as Date.now(); read in a template or an effect it changes each second. */
export function now(): number {
  subscribe();
  return Date.now();
}
