/** A listing that is read part by part as it is needed, and read again without a flicker. */
import { asProblem, type Problem } from "./problem";
import type { Page } from "./types";

/** As many as the server gives at once; and beyond how many a listing is left as it was read. */
const LARGEST_PART = 1000;
const MOST_TO_REREAD = 5000;

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
    private readonly keyOf: (item: Item) => number | string,
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

  /** Reads again what was read so far, or only its first part, and puts it in place at once. */
  async reload(how: "all" | "first" = "all"): Promise<void> {
    const wanted = how === "first" ? this.part : Math.max(this.items.length, this.part);
    if (wanted > MOST_TO_REREAD) return;
    await this.#guarded(async (current) => {
      const items: Item[] = [];
      let page = await this.read(null, Math.min(wanted, LARGEST_PART));
      items.push(...page.items);
      while (items.length < wanted && page.next && current()) {
        page = await this.read(page.next, Math.min(wanted - items.length, LARGEST_PART));
        items.push(...page.items);
      }
      if (current()) this.#take({ ...page, items }, []);
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

  /** Puts items first again that were taken out; one that is there moves to the front. */
  putBack(...items: Item[]): void {
    const keys = new Set(items.map((item) => this.keyOf(item)));
    const others = this.items.filter((item) => !keys.has(this.keyOf(item)));
    this.total += items.length + others.length - this.items.length;
    this.items = [...items, ...others];
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
    const byKey = new Map([...before, ...page.items].map((item) => [this.keyOf(item), item]));
    this.items = [...byKey.values()];
    this.total = page.total;
    this.#next = page.next ?? null;
    this.loaded = true;
  }
}
