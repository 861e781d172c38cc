import { describe, expect, it } from "vitest";
import { measure, rowOfTile, rowsOf, step } from "./grid";

const sizes = { columns: 4, tile: 150, gap: 24, caption: 58 };
// Five named, then six unnamed: rows of 4 + 1 and 4 + 2, each section under its heading.
const named = [true, true, true, true, true, false, false, false, false, false, false];
const rows = rowsOf(named, sizes);

describe("rowsOf", () => {
  it("makes a section of the named and one of the others", () => {
    expect(rows.map((row) => (row.kind === "heading" ? row.title : [row.first, row.end]))).toEqual([
      "Named",
      [0, 4],
      [4, 5],
      "Not yet named",
      [5, 9],
      [9, 11],
    ]);
  });

  it("needs no heading when all are alike", () => {
    expect(rowsOf([false, false], sizes).map((row) => row.kind)).toEqual(["tiles"]);
    expect(rowsOf([true, true], sizes).map((row) => row.kind)).toEqual(["tiles"]);
    expect(rowsOf([], sizes)).toEqual([]);
  });

  it("finds the row of a tile", () => {
    expect(rowOfTile(rows, 4)).toBe(2);
    expect(rowOfTile(rows, 10)).toBe(5);
    expect(rowOfTile(rows, 11)).toBe(-1);
  });
});

describe("step", () => {
  it.each([
    ["ArrowRight", 3, 4],
    ["ArrowRight", 10, 10],
    ["ArrowLeft", 0, 0],
    ["ArrowLeft", 5, 4],
    ["Home", 7, 0],
    ["End", 2, 10],
    ["ArrowDown", 1, 4], // the row below is shorter: its last
    ["ArrowDown", 4, 5], // over the heading, same column
    ["ArrowDown", 8, 10],
    ["ArrowDown", 10, 10],
    ["ArrowUp", 6, 4],
    ["ArrowUp", 9, 5],
    ["ArrowUp", 2, 2],
  ])("%s from %i leads to %i", (key, from, to) => expect(step(rows, from, key)).toBe(to));

  it("does not care for other keys, or for an empty grid", () => {
    expect(step(rows, 3, "x")).toBeNull();
    expect(step([], 0, "ArrowDown")).toBeNull();
  });
});

describe("measure", () => {
  it("shows three across on a phone and fills the width anywhere", () => {
    expect(measure(358).columns).toBe(3);
    for (const width of [320, 358, 700, 1200, 1360]) {
      const { columns, tile, gap } = measure(width);
      expect(columns * tile + (columns - 1) * gap).toBeCloseTo(width, 6);
    }
  });
});
