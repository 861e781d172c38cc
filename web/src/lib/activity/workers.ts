/** Who looks at photos, in plain words. */
import type { IconName } from "../../design/Icon.svelte";
import type { Worker } from "../api/types";
import { bytes, plural } from "../wording/numbers";

const ROLES: Record<string, { label: string; icon: IconName }> = {
  serve: { label: "Server", icon: "server" },
  worker: { label: "Worker", icon: "activity" },
  scan: { label: "Scan", icon: "search" },
};

export function roleOf(worker: Worker): { label: string; icon: IconName } {
  return ROLES[worker.role] ?? { label: worker.role, icon: "activity" };
}

const STATES: Record<string, string> = {
  idle: "At rest",
  scanning: "Looking through folders",
  analysing: "Looking at photos",
  grouping: "Putting faces together",
  paused: "Paused",
  stopping: "Stopping",
};

/** Silent for longer than this is worth a word: a worker tells of itself every few seconds. */
const QUIET_S = 30;

export interface WorkerState {
  label: string;
  tone: "quiet" | "accent" | "notice" | "danger";
}

/** `passed`: seconds since the server told of it. */
export function stateOf(worker: Worker, paused: boolean, passed = 0): WorkerState {
  if (!worker.alive) return { label: "Gone", tone: "danger" };
  if (worker.silent_s + passed > QUIET_S) return { label: "Silent", tone: "notice" };
  const busy = worker.state !== "idle";
  if (paused && !busy) return { label: "Paused", tone: "notice" };
  if (worker.message !== "" && !busy) return { label: "Held up", tone: "notice" };
  return { label: STATES[worker.state] ?? worker.state, tone: busy ? "accent" : "quiet" };
}

/** The processes in which it opens photos. */
export function childrenOf(worker: Worker): string {
  const { alive, memory_bytes, died } = worker.children;
  if (alive === 0 && died === 0) return "none at the moment";
  const parts = [alive > 0 ? `${alive}, with ${bytes(memory_bytes)}` : "none at the moment"];
  if (died > 0) parts.push(`${plural(died, "time")} replaced`);
  return parts.join("; ");
}
