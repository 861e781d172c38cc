import { describe, expect, it } from "vitest";
import { offsetsOf, rowAt, visibleRows } from "./virtual";

const offsets = offsetsOf([50, 200, 200, 200]);

describe("rows of a long page", () => {
  it("begin where the one before ends", () => {
    expect(offsets).toEqual([0, 50, 250, 450, 650]);
    expect(offsetsOf([])).toEqual([0]);
  });

  it.each([
    [-10, 0],
    [0, 0],
    [49, 0],
    [50, 1],
    [449, 2],
    [9999, 3],
  ])("at %i pixels it is row %i", (position, row) => expect(rowAt(offsets, position)).toBe(row));

  it("are in the document only near the window", () => {
    expect(visibleRows(offsets, 60, 240, 0)).toEqual([1]);
    expect(visibleRows(offsets, 60, 240, 20)).toEqual([0, 1, 2]);
    expect(visibleRows(offsetsOf([]), 0, 800, 100)).toEqual([]);
  });

  it("stay when they are kept, wherever the window is, and only if they exist", () => {
    expect(visibleRows(offsets, 500, 640, 0, [0, -1, 99])).toEqual([0, 3]);
  });

  it("are found as quickly among a hundred thousand", () => {
    const many = offsetsOf(Array.from({ length: 100_000 }, () => 250));
    expect(visibleRows(many, 12_345_678, 12_346_478, 700)).toEqual(
      Array.from({ length: 10 }, (_, index) => 49_379 + index),
    );
  });
});
