/** The states of the work and of a scan in plain words. */
import type { IconName } from "../../design/Icon.svelte";
import type { Scan, Status } from "../api/types";
import { plural } from "../wording/numbers";

export function headline(status: Status): { title: string; icon: IconName } {
  switch (status.activity.state) {
    case "scanning":
      return { title: "Looking through the folders", icon: "folder" };
    case "analysing":
      return { title: "Looking at photos", icon: "activity" };
    case "grouping":
      return { title: "Putting faces together", icon: "people" };
    case "paused":
      return { title: "Paused", icon: "stop" };
    case "offline":
      return { title: "Nothing is at work", icon: "warning" };
    default:
      return idle(status);
  }
}

function idle(status: Status): { title: string; icon: IconName } {
  if (status.waiting > 0) return { title: `${plural(status.waiting, "photo")} waiting`, icon: "activity" };
  return { title: "Everything is looked at", icon: "check" };
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
