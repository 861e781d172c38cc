/** Why a photo could not be looked at, in plain words, and what to do about it. The codes are the server's own. */
import type { IconName } from "../../design/Icon.svelte";
import type { Failure } from "../api/types";
import { plural, soon } from "../wording/numbers";

export interface Reason {
  title: string;
  advice: string;
  icon: IconName;
  /**
   * Whether its picture may be asked for. "ask" where that could take down or hold up another process: then only on a
   * click. "never" where there is no picture, or a folder that may hang.
   */
  picture: "yes" | "ask" | "never";
}

const REASONS: Record<string, Reason> = {
  missing_file: {
    title: "The file is gone",
    advice: "If you moved it, scan the folder it is in now: names stay with a moved photo.",
    icon: "gone",
    picture: "yes",
  },
  library_offline: {
    title: "The folder is away",
    advice: "Plug in the disk or mount the share. facekeep goes on by itself; nothing is lost meanwhile.",
    icon: "disk",
    picture: "never",
  },
  unreadable: {
    title: "Cannot be read as a picture",
    advice: "Replace it, and it is tried again. If it opens elsewhere, please send a report.",
    icon: "torn",
    picture: "never",
  },
  too_large: {
    title: "Too large",
    advice: "Save a smaller copy beside it.",
    icon: "large",
    picture: "never",
  },
  out_of_memory: {
    title: "Not enough memory",
    advice: "Give the machine more memory, or run fewer workers, then try again.",
    icon: "memory",
    picture: "yes",
  },
  timeout: {
    title: "Took too long",
    advice: "Often a slow disk or a damaged file. Once the disk is quick again, try again.",
    icon: "clock",
    picture: "ask",
  },
  crashed: {
    title: "Crashed the reader",
    advice: "Only this photo was set aside; the others went on. The file is probably damaged: please send a report.",
    icon: "bolt",
    picture: "ask",
  },
  storage: {
    title: "Could not be read or stored",
    advice: "Not the photo's fault. Check free space and permissions, of the photos' disk and of facekeep's own.",
    icon: "lock",
    picture: "yes",
  },
  internal: {
    title: "A mistake of facekeep's own",
    advice: "Not the photo's fault. If it stays, please send a report.",
    icon: "warning",
    picture: "yes",
  },
};

export function reasonOf(code: string): Reason {
  const unknown: Reason = {
    title: code.replaceAll("_", " "),
    advice: "See the message of each photo.",
    icon: "warning",
    picture: "never",
  };
  return REASONS[code] ?? unknown;
}

/** What comes next for one photo. `now` in milliseconds. */
export function nextOf(failure: Failure, now: number): string {
  if (failure.given_up) return "Given up: not tried again unless you ask, or the file changes";
  if (failure.photo === null) return "Tried again with each scan";
  if (failure.permanent) return "Not tried again by itself";
  if (failure.retry_at === null) return failure.code === "library_offline" ? "Tried again when the folder is back" : "";
  const seconds = (Date.parse(failure.retry_at) - now) / 1000;
  return seconds < 1 ? "In line to be tried again" : `Tried again ${soon(seconds)}`;
}

export function triesOf(failure: Failure): string {
  return failure.photo === null ? "" : `Tried ${plural(Math.max(failure.tries, failure.attempts, 1), "time")}`;
}

/** A sentence of the server's, which begins in lower case and has no stop. */
export function sentence(text: string): string {
  return text === "" ? "" : `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;
}
