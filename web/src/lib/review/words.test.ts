import { describe, expect, it } from "vitest";
import { alike, badge, doneWords, isDone, leftOf, percent, votersOf, whyOf } from "./words";

const voter = (face: number, distance: number) => ({ face, distance, exemplar: true });

describe("why facekeep asks", () => {
  it("counts the faces that speak for it, and says who is next", () => {
    const reason = { voters: [voter(1, 0.5), voter(2, 0.3)], runner_up: null, runner_up_distance: null, other_era: false };
    expect(whyOf(reason)).toEqual(["Looks like 2 faces of theirs.", "Nobody else looks like it."]);
    expect(whyOf({ ...reason, runner_up: 9 })[1]).toBe("Somebody else looks like it as well, but less.");
    expect(whyOf({ ...reason, other_era: true }).at(-1)).toBe("None of their photos is from that time.");
  });

  it("knows a question of grouping, of a merged person, and reasons that it does not know", () => {
    expect(whyOf({ by: "grouping" })[0]).toContain("grouping");
    expect(whyOf({ by: "grouping", merged: 4 }).at(-1)).toContain("same person now");
    expect(whyOf({ by: "a later server" })).toEqual([]);
  });

  it("gives the faces that speak for it, the nearest first", () => {
    expect(votersOf({ voters: [voter(1, 0.5), voter(2, 0.3)] })).toEqual([2, 1]);
    expect(votersOf({ voters: 3 })).toEqual([]);
    expect(votersOf({ voters: [null, { face: "x" }, voter(4, 0.1)] })).toEqual([4]);
  });
});

describe("figures", () => {
  it("calls only what is certain certain", () => {
    expect([0.812, 0.996, 1, 0].map(percent)).toEqual(["81 %", "99 %", "100 %", "0 %"]);
  });

  it("tells of pairs", () => {
    const pairs = (near: number, compared: number) => alike({ near, compared, nearest: 0.3, mean: 0.4 });
    expect(pairs(118, 124)).toBe("118 of 124 pairs of faces are as near as one person's.");
    expect(pairs(12, 12)).toBe("All 12 pairs of faces are as near as one person's.");
    expect(pairs(1, 1)).toBe("Their faces are as near as one person's.");
  });

  it("fits a badge", () => {
    expect([0, 999, 1000].map(badge)).toEqual(["0", "999", "999+"]);
  });
});

describe("what became of answers", () => {
  it("tells what was left and why", () => {
    const given = (["accepted", "answered", "not_found", "not_found", "in_photo"] as const).map((outcome) => ({ outcome }));
    expect(leftOf(given)).toBe(
      "1 face was answered by somebody else meanwhile, 1 face is in a photo in which they are already, " +
        "2 faces are not asked about any more",
    );
    expect(leftOf([{ outcome: "rejected" }])).toBe("");
    expect(given.filter((item) => isDone(item.outcome))).toHaveLength(1);
  });

  it("says what was done, of one and of many", () => {
    expect(doneWords("accept", 1, "Noor")).toBe("Yes, Noor");
    expect(doneWords("reject", 3, "Noor")).toBe("No: 3 faces are not Noor");
  });
});
