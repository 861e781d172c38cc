/** A photo's state in plain words. Unknown states are shown as they are rather than hidden. */

const STATES: Record<string, string> = {
  done: "Looked at",
  waiting: "Waiting to be looked at",
  failed: "Could not be looked at",
};

export function stateOf(state: string): string {
  return STATES[state] ?? state;
}
