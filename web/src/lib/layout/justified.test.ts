import { describe, expect, it } from "vitest";
import { justify, ratioOf } from "./justified";

const GAP = 8;
const WIDTH = 1000;

function endOf(row: { tiles: { left: number; width: number }[] }): number {
  const last = row.tiles[row.tiles.length - 1];
  return last ? last.left + last.width : 0;
}

describe("justify", () => {
  const ratios = [1.5, 0.75, 1.33, 1, 1.78, 0.66, 1.5, 1.5, 2.4, 1];
  const rows = justify(ratios, WIDTH, 230, GAP);

  it("keeps the order and leaves nobody out", () => {
    expect(rows.flatMap((row) => row.tiles.map((tile) => tile.index))).toEqual(ratios.map((_, index) => index));
  });

  it("fills every row but the last, which is not stretched", () => {
    for (const row of rows.slice(0, -1)) expect(endOf(row)).toBeCloseTo(WIDTH, 6);
    const last = rows[rows.length - 1];
    expect(last && endOf(last)).toBeLessThanOrEqual(WIDTH + 1e-6);
    expect(last?.height).toBeLessThanOrEqual(230);
  });

  it("keeps the proportions of each photo", () => {
    for (const row of rows) for (const tile of row.tiles) expect(tile.width / row.height).toBeCloseTo(ratios[tile.index] ?? 0, 6);
  });

  it("stays near the height that was wished for", () => {
    for (const row of rows.slice(0, -1)) {
      expect(row.height).toBeGreaterThan(150);
      expect(row.height).toBeLessThan(340);
    }
  });

  it("bears a single photo and none at all", () => {
    expect(justify([], WIDTH, 230, GAP)).toEqual([]);
    expect(justify([3.2], 390, 150, 4)[0]?.tiles[0]?.width).toBeLessThanOrEqual(390);
  });
});

describe("ratioOf", () => {
  it("guesses for photos that were not looked at, and tames extremes", () => {
    expect(ratioOf({ width: null, height: null })).toBeCloseTo(4 / 3);
    expect(ratioOf({ width: 9000, height: 100 })).toBe(3.2);
    expect(ratioOf({ width: 100, height: 9000 })).toBe(0.5);
  });
});
