/** A listing that is read part by part as it is needed, and read again without a flicker. */
import { asProblem, type Problem } from "./problem";
import type { Page } from "./types";

const MOST_TO_REREAD = 500;

export class CursorList<Item> {
  items = $state.raw<Item[]>([]);
  total = $state(0);
  loaded = $state(false);
  loading = $state(false);
  problem = $state.raw<Problem | null>(null);

  #next: string | null = null;
  #run = 0;

  constructor(
    private readonly read: (cursor: string | null, limit: number) => Promise<Page<Item>>,
    private readonly keyOf: (item: Item) => number,
    private readonly part = 100,
  ) {}

  get complete(): boolean {
    return this.loaded && this.#next === null;
  }

  /** The next part, unless one is on its way. The first call reads the first part. */
  async more(): Promise<void> {
    if (this.loading || this.complete) return;
    await this.#guarded(async (current) => {
      const page = await this.read(this.#next, this.part);
      if (current()) this.#take(page, this.items);
    });
  }

  /** Reads again what is shown (at most 500), then puts it in place at once. */
  async reload(): Promise<void> {
    const wanted = Math.min(Math.max(this.items.length, this.part), MOST_TO_REREAD);
    await this.#guarded(async (current) => {
      const page = await this.read(null, wanted);
      if (current()) this.#take(page, []);
    });
  }

  /** Puts `change(item)` in the place of each item; null takes it out. */
  edit(change: (item: Item) => Item | null): void {
    const kept: Item[] = [];
    for (const item of this.items) {
      const now = change(item);
      if (now !== null) kept.push(now);
    }
    this.total -= this.items.length - kept.length;
    this.items = kept;
  }

  async #guarded(step: (current: () => boolean) => Promise<void>): Promise<void> {
    const run = ++this.#run;
    this.loading = true;
    try {
      await step(() => run === this.#run);
      if (run === this.#run) this.problem = null;
    } catch (error) {
      const problem = asProblem(error);
      if (run === this.#run) this.problem = problem;
    } finally {
      if (run === this.#run) this.loading = false;
    }
  }

  #take(page: Page<Item>, before: Item[]): void {
    const seen = new Set(before.map(this.keyOf));
    this.items = [...before, ...page.items.filter((item) => !seen.has(this.keyOf(item)))];
    this.total = page.total;
    this.#next = page.next ?? null;
    this.loaded = true;
  }
}
