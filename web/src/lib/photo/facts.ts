/** A photo's state in plain words. Unknown states are shown as they are rather than hidden. */

const STATES: Record<string, string> = {
  done: "Looked at",
  waiting: "Waiting to be looked at",
  pending: "Waiting to be looked at",
  new: "Waiting to be looked at",
  leased: "Being looked at now",
  working: "Being looked at now",
  failed: "Could not be looked at",
  missing: "The file is gone",
};

export function stateOf(state: string): string {
  return STATES[state] ?? state;
}
