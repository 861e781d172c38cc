import { describe, expect, it } from "vitest";
import { Past } from "./past";

const own = (decision: number) => ({ decision, text: `number ${decision}` });

describe("Past", () => {
  it("gives the latest first, and each once", () => {
    const past = new Past();
    past.did(own(1));
    past.did(own(2));
    expect([past.toUndo(), past.toUndo(), past.toUndo()].map((one) => one?.decision)).toEqual([2, 1, undefined]);
  });

  it("does again what was undone last", () => {
    const past = new Past();
    past.undid(own(1));
    past.undid(own(2));
    expect(past.toRedo()?.decision).toBe(2);
    past.did(own(2));
    expect(past.toUndo()?.decision).toBe(2);
    expect(past.toRedo()?.decision).toBe(1);
  });

  it("has no decision twice", () => {
    const past = new Past();
    past.did(own(1));
    past.undid(own(1));
    expect(past.toUndo()).toBeUndefined();
    past.undid(own(1));
    expect(past.toRedo()?.decision).toBe(1);
    expect(past.toRedo()).toBeUndefined();
  });
});
