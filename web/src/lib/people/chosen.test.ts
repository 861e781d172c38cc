import { describe, expect, it } from "vitest";
import { all, extended, inOrder, kept, NONE, toggled } from "./chosen";

const order = [5, 3, 8, 1, 9];

describe("a selection", () => {
  it("takes one more and one less", () => {
    const one = toggled(NONE, 3);
    expect([...one.ids]).toEqual([3]);
    expect([...toggled(one, 3).ids]).toEqual([]);
    expect([...one.ids]).toEqual([3]);
  });

  it("reaches from the one clicked last to another, either way, in the order of the list", () => {
    expect(inOrder(extended(toggled(NONE, 3), order, 1), order)).toEqual([3, 8, 1]);
    expect(inOrder(extended(toggled(NONE, 1), order, 5), order)).toEqual([5, 3, 8, 1]);
  });

  it("keeps where it began, so that a second reach is from there", () => {
    const first = extended(toggled(NONE, 3), order, 8);
    expect(inOrder(extended(first, order, 9), order)).toEqual([3, 8, 1, 9]);
    expect(first.anchor).toBe(3);
  });

  it("takes the one alone where it began nowhere, and nothing that is not there", () => {
    expect([...extended(NONE, order, 8).ids]).toEqual([8]);
    expect(extended(NONE, order, 77)).toBe(NONE);
    expect([...extended({ ids: new Set([3]), anchor: 77 }, order, 1).ids]).toEqual([3, 1]);
  });

  it("drops what has left the list", () => {
    const everything = all(order);
    expect(kept(everything, order)).toBe(everything);
    const rest = kept(everything, [3, 9]);
    expect([...rest.ids]).toEqual([3, 9]);
    expect(rest.anchor).toBeNull();
  });
});
