import { describe, expect, it } from "vitest";
import { MOST, surest } from "./above";

describe("accepting all above a confidence", () => {
  it("leaves out what was put off, and takes no more than one decision can hold", () => {
    const items = Array.from({ length: MOST + 5 }, (_, face) => ({ face, skipped: face < 2 }));
    const taken = surest(items);
    expect(taken).toHaveLength(MOST);
    expect(taken[0]).toEqual({ face: 2, skipped: false });
  });
});
