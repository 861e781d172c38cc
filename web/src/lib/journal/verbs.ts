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
  review: "person",
  apart: "people",
  edit: "pencil",
  delete: "trash",
  move: "person",
  remove: "close",
  pin: "star",
  unpin: "star",
  match: "smile",
  group: "people",
  draw: "person",
  resize: "pencil",
  ignore: "hide",
  not_a_face: "close",
  delete_faces: "close",
  show: "person",
  forget: "gone",
  import_people: "download",
  regroup: "people",
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
