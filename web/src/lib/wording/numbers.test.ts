import { describe, expect, it } from "vitest";
import { bytes, duration, fromNow, plural, rate, share, since, soon, splitPath, timeLeft, withoutPath } from "./numbers";

it("counts in words", () => {
  expect(plural(0, "photo")).toBe("0 photos");
  expect(plural(1, "person", "people")).toBe("1 person");
  expect(plural(1234567, "person", "people")).toBe("1,234,567 people");
});

it.each([
  [null, ""],
  [Number.NaN, ""],
  [4, "a few seconds left"],
  [33, "about 30 seconds left"],
  [61, "about 1 minute left"],
  [1000, "about 17 minutes left"],
  [5400, "about 2 hours left"],
  [200000, "about 2 days left"],
])("%s seconds are %j", (seconds, words) => expect(timeLeft(seconds)).toBe(words));

it.each([
  [0, ""],
  [Number.NaN, ""],
  [0.25, "15 photos a minute"],
  [1.04, "1.0 photos a second"],
  [42.4, "42 photos a second"],
])("a rate of %s is %j", (perSecond, words) => expect(rate(perSecond)).toBe(words));

it("tells how long a scan took", () => {
  expect(duration("2026-03-02T10:00:00Z", "2026-03-02T10:00:00.4Z")).toBe("under a second");
  expect(duration("2026-03-02T10:00:00Z", "2026-03-02T10:00:01Z")).toBe("1 second");
  expect(duration("2026-03-02T10:00:00Z", "2026-03-02T10:03:20Z")).toBe("3 min 20 s");
  expect(duration("2026-03-02T10:00:00Z", "2026-03-02T12:05:00Z")).toBe("2 h 5 min");
});

describe("fromNow", () => {
  const now = Date.parse("2026-03-02T12:00:00Z");
  it.each([
    ["2026-03-02T11:59:50Z", "just now"],
    ["2026-03-02T12:00:20Z", "in a moment"],
    ["2026-03-02T11:55:00Z", "5 minutes ago"],
    ["2026-03-02T14:00:00Z", "in 2 hours"],
    ["2026-03-01T11:00:00Z", "yesterday"],
    ["2025-12-24T18:00:00Z", "December 24, 2025"],
  ])("%s is %j", (iso, words) => expect(fromNow(iso, now)).toBe(words));
});

it("splits paths of either kind", () => {
  expect(splitPath("/a/b/c.jpg")).toEqual({ folder: "/a/b/", name: "c.jpg" });
  expect(splitPath("C:\\Photos\\c.jpg")).toEqual({ folder: "C:\\Photos\\", name: "c.jpg" });
  expect(splitPath("c.jpg")).toEqual({ folder: "", name: "c.jpg" });
});

it("does not repeat the path in a failure's message", () => {
  expect(withoutPath("/a/b.jpg: the file is empty", ["/c.jpg", "/a/b.jpg"])).toBe("the file is empty");
  expect(withoutPath("took too long", ["/a/b.jpg"])).toBe("took too long");
});

it("has no share of nothing", () => {
  expect(share(0, 0)).toBeNull();
  expect(share(3, 1)).toBe(0.75);
});

it.each([
  [0.4, "now"],
  [12.3, "in 12 s"],
  [192, "in 3 min"],
  [7200, "in 2 h"],
  [259_200, "in 3 days"],
])("says of a wait of %d s: %s", (seconds, words) => expect(soon(seconds)).toBe(words));

it.each([
  [1, "just now"],
  [12, "12 s ago"],
  [260, "4 min ago"],
  [7200, "2 h ago"],
])("says of a silence of %d s: %s", (seconds, words) => expect(since(seconds)).toBe(words));

it.each([
  [0, "0 bytes"],
  [999, "999 bytes"],
  [1500, "1.5 kB"],
  [812_000_000, "812 MB"],
  [1_467_000_000, "1.5 GB"],
])("writes %d bytes as %s", (number, words) => expect(bytes(number)).toBe(words));
