/** What holds the work up, in plain words: what is paused, until when, and what helps. */
import type { IconName } from "../../design/Icon.svelte";
import type { Breaker, Library } from "../api/types";
import { plural, soon, splitPath } from "../wording/numbers";

export interface HeldUp {
  title: string;
  advice: string;
  icon: IconName;
}

export function heldUp(breaker: Breaker, libraries: Library[]): HeldUp {
  const library = libraries.find((one) => one.library === breaker.library);
  const folder = library ? splitPath(library.root).name || library.root : "a folder";
  switch (breaker.code as string) {
    case "library_offline":
      return {
        title: `Paused: the disk of “${folder}” is away`,
        advice: "Plug it in or mount the share. The other folders go on meanwhile, and nothing is lost.",
        icon: "disk",
      };
    case "storage":
      return {
        title: `Paused: “${folder}” cannot be read`,
        advice: "Its disk reports errors, or facekeep may not read it. Check the disk and the folder's permissions.",
        icon: "lock",
      };
    case "internal":
      return {
        title: "Paused: the processes that open photos do not start",
        advice: "Check free memory and disk space; `facekeep doctor` looks for the cause. If it stays, please send a report.",
        icon: "warning",
      };
    default:
      return {
        title: `Paused: ${(breaker.code as string).replaceAll("_", " ")}`,
        advice: "`facekeep doctor` looks for the cause.",
        icon: "warning",
      };
  }
}

/** When it is tried again. `passed`: seconds since the server said so. */
export function nextTry(breaker: Breaker, passed: number): string {
  if (breaker.state === "probing") return "Trying one photo now";
  const left = breaker.seconds - passed;
  return left < 1 ? "Next try now, with one photo" : `Next try ${soon(left)}, with one photo`;
}

export function pausedFor(breaker: Breaker): string {
  const times = breaker.trips > 1 ? `tried ${plural(breaker.trips - 1, "time")} already` : "";
  const who = breaker.workers > 1 ? `${plural(breaker.workers, "worker")} wait for it` : "";
  return [times, who].filter((part) => part !== "").join("; ");
}
