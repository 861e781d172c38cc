/** The sign of each kind of decision. */
import type { IconName } from "../../design/Icon.svelte";
import type { Decision } from "../api/types";

const ICONS: Record<string, IconName> = {
  name: "pencil",
  hide: "hide",
  merge: "merge",
  assign: "person",
  reject: "close",
  unassign: "close",
  match: "smile",
  group: "people",
  circle: "people",
  circle_rename: "pencil",
  circle_delete: "close",
  circle_join: "people",
  circle_leave: "close",
};

export function iconOf(decision: Decision): IconName {
  if (decision.undoes !== null) return decision.summary.startsWith("You redid") ? "redo" : "undo";
  return ICONS[decision.verb] ?? "info";
}
