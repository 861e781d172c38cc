/** Who is using the page: nobody yet, the local user, or somebody who has logged in. */
import { session as api, whenRefused } from "../api/client";
import { live } from "../api/live.svelte";
import { Problem } from "../api/problem";
import type { Who } from "../api/types";

class Session {
  who = $state.raw<Who | null>(null);
  /** `out`: the page asks for a name and a password, and shows nothing else. */
  state = $state<"asking" | "in" | "out">("asking");
  /** Somebody was logged in before, and is not any more. */
  ended = $state(false);

  /** Whether decisions can be made; the server refuses them to somebody who may only look. */
  get decides(): boolean {
    return this.who?.role !== "viewer";
  }

  start(): () => void {
    whenRefused(() => this.#refused());
    live.whenLost(() => void this.look());
    void this.look();
    return () => live.stop();
  }

  /** Asks the server who we are. Where it does not answer, the page says so by itself. */
  async look(): Promise<void> {
    try {
      this.#take(await api.get());
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (this.state === "asking") this.#enter();
    }
  }

  async logIn(name: string, password: string): Promise<void> {
    this.#take(await api.start(name, password));
  }

  async logOut(everywhere: boolean): Promise<void> {
    await api.end(everywhere);
    this.who = null;
    await this.look();
    this.ended = false;
  }

  #take(who: Who): void {
    if (who.login_needed) {
      this.#refused();
      return;
    }
    this.who = who;
    this.#enter();
  }

  #enter(): void {
    this.ended = false;
    if (this.state === "in") return;
    this.state = "in";
    live.start();
  }

  #refused(): void {
    if (this.state === "out") return;
    this.ended = this.who !== null;
    this.who = null;
    this.state = "out";
    live.stop();
  }
}

export const session = new Session();
