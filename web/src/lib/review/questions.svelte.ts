/** How many questions are open, for the header. Read again as things change, but not more often than is of use. */
import { proposals, suggestions } from "../api/client";
import { Problem } from "../api/problem";

const REST_MS = 5000;

class Questions {
  faces = $state(0);
  pairs = $state(0);

  #timer: ReturnType<typeof setTimeout> | undefined;
  #readAt = -REST_MS;

  /** Reads the figures, at once or when enough time has gone by since the last time. */
  read(): void {
    if (this.#timer !== undefined) return;
    const wait = Math.max(0, this.#readAt + REST_MS - performance.now());
    this.#timer = setTimeout(() => void this.#look(), wait);
  }

  /** What this tab has just answered is not waited for. */
  answered(faces: number, pairs = 0): void {
    this.faces = Math.max(0, this.faces - faces);
    this.pairs = Math.max(0, this.pairs - pairs);
  }

  async #look(): Promise<void> {
    this.#readAt = performance.now();
    try {
      const [faces, pairs] = await Promise.all([suggestions.list({}, null, 1), proposals.list(null, 1)]);
      this.faces = faces.total;
      this.pairs = pairs.total;
    } catch (error) {
      // The banner says that the server is away; the figures stay until it is back.
      if (!(error instanceof Problem)) throw error;
    } finally {
      this.#timer = undefined;
    }
  }
}

export const questions = new Questions();
