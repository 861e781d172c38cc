/** The states of the work and of a scan in plain words. */
import type { IconName } from "../../design/Icon.svelte";
import type { Scan, Status, Work } from "../api/types";
import { plural } from "../wording/numbers";

/** What a server says that has not heard yet of being resumed. */
const BY_USER = "paused; resume to go on";

export interface Headline {
  title: string;
  icon: IconName;
  tone: "working" | "rest" | "notice";
}

export function headline(status: Status, work: Work | null): Headline {
  if (work?.paused && work.queue.leased === 0) return { title: "Paused", icon: "pause", tone: "notice" };
  if (work?.paused) return { title: "Pausing: finishing what is in hand", icon: "pause", tone: "notice" };
  switch (status.activity.state) {
    case "scanning":
      return { title: "Looking through the folders", icon: "folder", tone: "working" };
    case "analysing":
      return { title: "Looking at photos", icon: "activity", tone: "working" };
    case "grouping":
      return { title: "Putting faces together", icon: "people", tone: "working" };
    case "paused":
      if (work && status.activity.message === BY_USER) return elsewhere(status, work);
      return { title: "Held up", icon: "warning", tone: "notice" };
    case "offline":
      return { title: "Nothing is at work", icon: "warning", tone: "notice" };
    default:
      return elsewhere(status, work);
  }
}

// This server rests; other workers may be at it, or there is nothing that could be done now.
function elsewhere(status: Status, work: Work | null): Headline {
  if (work && work.queue.leased > 0) return { title: "Looking at photos", icon: "activity", tone: "working" };
  const now = work ? work.queue.due : status.waiting;
  if (now > 0) return { title: `${plural(now, "photo")} waiting`, icon: "activity", tone: "rest" };
  if (work && work.queue.retry_later > 0) return { title: "Waiting to try again", icon: "clock", tone: "rest" };
  if (work && work.queue.unreachable > 0) return { title: "Waiting for folders that are away", icon: "disk", tone: "notice" };
  if (status.photos === 0) return { title: "No photos yet", icon: "photos", tone: "rest" };
  return { title: "Everything is looked at", icon: "check", tone: "rest" };
}

export function isOpen(scan: Scan): boolean {
  return scan.finished_at === null && !["done", "stopped", "failed"].includes(scan.state);
}

/** What a scan found, shortest first; "nothing new" rather than a row of zeros. */
export function findings(scan: Scan): string {
  const parts = [
    scan.photos_new > 0 ? `${plural(scan.photos_new, "new photo")}` : "",
    scan.photos_changed > 0 ? `${scan.photos_changed} changed` : "",
    scan.files_missing > 0 ? `${scan.files_missing} missing` : "",
    scan.problems > 0 ? plural(scan.problems, "problem") : "",
  ].filter((part) => part !== "");
  return parts.length > 0 ? parts.join(", ") : "nothing new";
}
