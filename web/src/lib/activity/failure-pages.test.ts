import { expect, it } from "vitest";
import { offline } from "../api/problem";
import type { Failure, Page } from "../api/types";
import { FailurePages } from "./failure-pages.svelte";

/** A ledger of so many failures; `count` may change between two questions. */
class Ledger {
  asked: (string | null)[] = [];
  away = false;

  constructor(public count: number) {}

  read = (cursor: string | null, limit: number): Promise<Page<Failure>> => {
    this.asked.push(cursor);
    if (this.away) return Promise.reject(offline());
    const start = Number(cursor ?? 0);
    const length = Math.max(0, Math.min(limit, this.count - start));
    const items = Array.from({ length }, (_, index) => ({ photo: start + index + 1 }) as Failure);
    return Promise.resolve({ items, total: this.count, next: start + limit < this.count ? String(start + limit) : null });
  };
}

const shown = (pages: FailurePages) => pages.items.map((failure) => failure.photo);

it("reads one page at a time, there and back", async () => {
  const pages = new FailurePages(new Ledger(100_000).read, 3);
  await pages.reload();
  await pages.next();
  await pages.next();
  expect(shown(pages)).toEqual([7, 8, 9]);
  expect([pages.first, pages.total, pages.last]).toEqual([7, 100_000, false]);
  await pages.previous();
  expect(shown(pages)).toEqual([4, 5, 6]);
});

it("stops at both ends", async () => {
  const ledger = new Ledger(4);
  const pages = new FailurePages(ledger.read, 3);
  await pages.reload();
  await pages.previous();
  await pages.next();
  await pages.next();
  expect(shown(pages)).toEqual([4]);
  expect(pages.last).toBe(true);
  expect(ledger.asked).toEqual([null, "3"]);
});

it("goes back a page when nothing is left of the one that is shown", async () => {
  const ledger = new Ledger(4);
  const pages = new FailurePages(ledger.read, 3);
  await pages.reload();
  await pages.next();
  ledger.count = 3;
  await pages.reload();
  expect([shown(pages), pages.index, pages.last]).toEqual([[1, 2, 3], 0, true]);
});

it("keeps what it shows when the server is away, and says so", async () => {
  const ledger = new Ledger(4);
  const pages = new FailurePages(ledger.read, 3);
  await pages.reload();
  ledger.away = true;
  await pages.next();
  expect([shown(pages), pages.problem?.code]).toEqual([[1, 2, 3], "offline"]);
  ledger.away = false;
  await pages.next();
  expect([shown(pages), pages.problem]).toEqual([[4], null]);
});
