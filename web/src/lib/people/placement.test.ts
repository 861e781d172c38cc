import { expect, it } from "vitest";
import { beside } from "./placement";

const window = { width: 400, height: 800 };
const list = { width: 264, height: 200 };

it("hangs under its anchor", () => {
  expect(beside({ left: 40, top: 100, bottom: 134 }, list, window)).toEqual({ left: 40, top: 140 });
});

it("turns up where there is no room below", () => {
  expect(beside({ left: 40, top: 700, bottom: 734 }, list, window)).toEqual({ left: 40, top: 494 });
});

it("never leaves the window", () => {
  expect(beside({ left: 350, top: 100, bottom: 134 }, list, window).left).toBe(124);
  expect(beside({ left: -50, top: 100, bottom: 134 }, list, window).left).toBe(12);
  const squeezed = beside({ left: 40, top: 120, bottom: 160 }, list, { width: 400, height: 300 });
  expect(squeezed.top).toBe(88);
});
