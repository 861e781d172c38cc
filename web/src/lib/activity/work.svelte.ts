/** What all workers do, for the activity screen: asked for now and then while somebody looks, never in a hurry. */
import { activity } from "../api/client";
import { asProblem, type Problem } from "../api/problem";
import type { Work } from "../api/types";

/** Between two questions: while something goes on, and while nothing does. */
const LIVELY_MS = 2000;
const QUIET_MS = 10_000;
const LONGEST_WAIT_MS = 30_000;
/** However much the status changes, no oftener than this. */
const LEAST_MS = 1000;

export class WorkFeed {
  work = $state.raw<Work | null>(null);
  problem = $state.raw<Problem | null>(null);
  /** When `work` was true, in milliseconds of Date.now(). */
  at = $state(0);

  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;
  #asking = false;
  #failures = 0;
  #steered = 0;
  #running = false;

  /** Asks from now on, while the page can be seen; gives what stops it. */
  start(): () => void {
    this.#running = true;
    const seen = () => this.nudge();
    document.addEventListener("visibilitychange", seen);
    void this.#ask();
    return () => {
      this.#running = false;
      clearTimeout(this.#timer);
      document.removeEventListener("visibilitychange", seen);
    };
  }

  /** Something has changed: asks soon. */
  nudge(): void {
    if (this.#running && this.#failures === 0) this.#in(Math.max(0, this.#asked + LEAST_MS - Date.now()));
  }

  /** Asks at once, such as after a click on "Try again". */
  async now(): Promise<void> {
    await this.#ask();
  }

  /** Pauses or resumes every worker. Shown at once, and taken back when the server refuses: then it throws a Problem. */
  async steer(paused: boolean): Promise<void> {
    const before = this.work;
    this.#steered += 1;
    if (before) this.work = { ...before, paused, paused_at: paused ? new Date().toISOString() : null };
    try {
      this.#took(await (paused ? activity.pause() : activity.resume()));
    } catch (error) {
      this.work = before;
      throw error;
    } finally {
      this.#steered += 1;
    }
  }

  async #ask(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#asking) return;
    this.#asking = true;
    this.#asked = Date.now();
    const steered = this.#steered;
    try {
      const work = await activity.get();
      // An answer from before a click would put back what the click has changed.
      if (steered === this.#steered) this.#took(work);
    } catch (error) {
      this.problem = asProblem(error);
      this.#failures += 1;
    } finally {
      this.#asking = false;
    }
    this.#in(this.#wait());
  }

  #took(work: Work): void {
    this.work = work;
    this.at = Date.now();
    this.problem = null;
    this.#failures = 0;
  }

  #wait(): number {
    if (this.#failures > 0) return Math.min(LIVELY_MS * 2 ** (this.#failures - 1), LONGEST_WAIT_MS);
    return this.work && isLively(this.work) ? LIVELY_MS : QUIET_MS;
  }

  #in(milliseconds: number): void {
    clearTimeout(this.#timer);
    if (!this.#running || document.visibilityState === "hidden") return;
    this.#timer = setTimeout(() => void this.#ask(), milliseconds);
  }
}

export function isLively(work: Work): boolean {
  return work.rate > 0 || work.queue.leased > 0 || (work.queue.due > 0 && !work.paused) || work.breakers.length > 0;
}
