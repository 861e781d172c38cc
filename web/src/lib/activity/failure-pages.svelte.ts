/** The failures of one reason, a page at a time: a hundred thousand of them cost no more than twenty. */
import { asProblem, type Problem } from "../api/problem";
import type { Failure, Page } from "../api/types";

export type Read = (cursor: string | null, limit: number) => Promise<Page<Failure>>;

export class FailurePages {
  items = $state.raw<Failure[]>([]);
  total = $state(0);
  /** Which page is shown, from 0. */
  index = $state(0);
  last = $state(true);
  loaded = $state(false);
  loading = $state(false);
  problem = $state.raw<Problem | null>(null);

  /** Where each page that was seen begins, and the one after. */
  #cursors: (string | null)[] = [null];
  #run = 0;

  constructor(
    private readonly read: Read,
    readonly size = 20,
  ) {}

  /** The number of the first row shown, from 1. */
  get first(): number {
    return this.index * this.size + 1;
  }

  next(): Promise<void> {
    return this.last ? Promise.resolve() : this.#show(this.index + 1);
  }

  previous(): Promise<void> {
    return this.index === 0 ? Promise.resolve() : this.#show(this.index - 1);
  }

  /** Reads the page that is shown again; the one before where nothing is left of it. */
  reload(): Promise<void> {
    return this.#show(this.index);
  }

  async #show(index: number): Promise<void> {
    const run = ++this.#run;
    this.loading = true;
    try {
      let at = index;
      let page = await this.read(this.#cursors[at] ?? null, this.size);
      while (page.items.length === 0 && at > 0 && run === this.#run) {
        at -= 1;
        page = await this.read(this.#cursors[at] ?? null, this.size);
      }
      if (run === this.#run) this.#take(page, at);
    } catch (error) {
      const problem = asProblem(error);
      if (run === this.#run) this.problem = problem;
    } finally {
      if (run === this.#run) this.loading = false;
    }
  }

  #take(page: Page<Failure>, index: number): void {
    const next = page.next ?? null;
    this.items = page.items;
    this.total = page.total;
    this.index = index;
    this.last = next === null;
    this.loaded = true;
    this.problem = null;
    this.#cursors.length = index + 1;
    if (next !== null) this.#cursors.push(next);
  }
}
