import { describe, expect, it } from "vitest";
import { CursorList } from "./cursor-list.svelte";
import { offline } from "./problem";
import type { Page } from "./types";

/** A server with so many items, counted up from 0; `shift` items were put before them since. */
class Numbers {
  asked: [string | null, number][] = [];
  shift = 0;
  away = false;

  constructor(private readonly count: number) {}

  read = (cursor: string | null, limit: number): Promise<Page<{ id: number }>> => {
    this.asked.push([cursor, limit]);
    if (this.away) return Promise.reject(offline());
    const all = Array.from({ length: this.count + this.shift }, (_, index) => ({ id: index - this.shift }));
    const start = Number(cursor ?? 0);
    const next = start + limit < all.length ? String(start + limit) : null;
    return Promise.resolve({ items: all.slice(start, start + limit), total: all.length, next });
  };
}

const listOf = (numbers: Numbers, part = 10) => new CursorList(numbers.read, (item) => item.id, part);
const ids = (list: CursorList<{ id: number }>) => list.items.map((item) => item.id);

describe("a listing read part by part", () => {
  it("goes on where it stopped, and knows the end", async () => {
    const list = listOf(new Numbers(25));
    expect(list.complete).toBe(false);
    for (let part = 0; part < 5; part++) await list.more();
    expect(ids(list)).toEqual(Array.from({ length: 25 }, (_, index) => index));
    expect(list.complete).toBe(true);
    expect(list.total).toBe(25);
  });

  it("asks once however often it is urged", async () => {
    const numbers = new Numbers(25);
    const list = listOf(numbers);
    await Promise.all([list.more(), list.more(), list.more()]);
    expect(numbers.asked).toEqual([[null, 10]]);
  });

  it("shows nobody twice when items moved between two parts", async () => {
    const numbers = new Numbers(25);
    const list = listOf(numbers);
    await list.more();
    numbers.shift = 2;
    await list.more();
    expect(new Set(ids(list)).size).toBe(list.items.length);
  });

  it("reads again as much as it had, and can go on from there", async () => {
    const numbers = new Numbers(3000);
    const list = listOf(numbers, 600);
    await list.more();
    await list.more();
    numbers.asked = [];
    numbers.shift = 1;
    await list.reload();
    expect(numbers.asked).toEqual([
      [null, 1000],
      ["1000", 200],
    ]);
    expect(ids(list).slice(0, 3)).toEqual([-1, 0, 1]);
    expect(list.items.length).toBe(1200);
    await list.more();
    expect(list.items.length).toBe(1800);
  });

  it("keeps what it has when the server goes away, and says so", async () => {
    const numbers = new Numbers(25);
    const list = listOf(numbers);
    await list.more();
    numbers.away = true;
    await list.more();
    expect(list.items.length).toBe(10);
    expect(list.problem?.code).toBe("offline");
    numbers.away = false;
    await list.more();
    expect(list.items.length).toBe(20);
    expect(list.problem).toBeNull();
  });

  it("changes and takes out single items", async () => {
    const list = listOf(new Numbers(5));
    await list.more();
    list.edit((item) => (item.id === 3 ? null : item.id === 1 ? { id: 100 } : item));
    expect(ids(list)).toEqual([0, 100, 2, 4]);
    expect(list.total).toBe(4);
  });
});
