/** The state of the whole as the server tells it, by server-sent events; and whether the server can be reached. */
import type { Status } from "./types";

const AT_ONCE_MS = 200;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 15000;

class Live {
  status = $state.raw<Status | null>(null);
  connection = $state<"connecting" | "open" | "lost">("connecting");
  /** The server answers but cannot tell how things are, such as when its database is away. */
  trouble = $state.raw<{ detail: string; hint: string } | null>(null);
  /** Rises with each reconnection, so that listings which failed meanwhile know to read again. */
  epoch = $state(0);

  #source: EventSource | null = null;
  #wait = FIRST_WAIT_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lost: () => void = () => undefined;

  start(): void {
    this.connection = "connecting";
    this.#connect();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
    this.status = null;
  }

  /** Who is told when the connection is lost: it may be that nobody is logged in any more. */
  whenLost(told: () => void): void {
    this.#lost = told;
  }

  /** Tries at once instead of at the end of the wait. */
  retry(): void {
    this.#wait = FIRST_WAIT_MS;
    this.#connect();
  }

  #connect(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    const source = new EventSource("/api/v1/events");
    this.#source = source;
    source.addEventListener("open", () => this.#opened());
    source.addEventListener("status", (event) => {
      this.status = JSON.parse(event.data as string) as Status;
      this.trouble = null;
    });
    source.addEventListener("problem", (event) => {
      this.trouble = JSON.parse(event.data as string) as { detail: string; hint: string };
    });
    source.addEventListener("error", () => this.#failed(source));
  }

  #opened(): void {
    if (this.connection === "lost") this.epoch += 1;
    this.connection = "open";
    this.#wait = FIRST_WAIT_MS;
  }

  // The browser's own reconnection gives up after some errors, and cannot be asked to hurry: ours replaces it.
  #failed(source: EventSource): void {
    source.close();
    if (source !== this.#source) return;
    // The server ends a stream now and then, to see who watches: that is no loss yet.
    const wait = this.connection === "open" ? AT_ONCE_MS : this.#wait;
    this.connection = "lost";
    this.#timer = setTimeout(() => this.#connect(), wait);
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
    this.#lost();
  }
}

export const live = new Live();

export function isWorking(status: Status | null): boolean {
  return status !== null && ["scanning", "analysing", "grouping"].includes(status.activity.state);
}
