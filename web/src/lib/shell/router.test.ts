import { describe, expect, it } from "vitest";
import { addressOf, parse } from "./router";

describe("parse", () => {
  it("knows every screen", () => {
    expect(parse("/")).toEqual({ screen: "people" });
    expect(parse("/people")).toEqual({ screen: "people" });
    expect(parse("/people/7")).toEqual({ screen: "person", person: 7 });
    expect(parse("/photos/")).toEqual({ screen: "photos" });
    expect(parse("/photos/12")).toEqual({ screen: "photo", photo: 12, person: null });
    expect(parse("/photos/12", "?person=7")).toEqual({ screen: "photo", photo: 12, person: 7 });
    expect(parse("/journal")).toEqual({ screen: "journal" });
    expect(parse("/activity")).toEqual({ screen: "activity" });
  });

  it.each(["/people/0", "/people/-1", "/people/1e3", "/people/7/8", "/photos/x", "/else", "/activity/1"])(
    "has no screen for %s",
    (path) => expect(parse(path)).toEqual({ screen: "missing", path }),
  );

  it("ignores a person in the query that is no id", () => {
    expect(parse("/photos/12", "?person=abc")).toEqual({ screen: "photo", photo: 12, person: null });
  });

  it("reads back every address it makes", () => {
    expect(parse(addressOf.people())).toEqual({ screen: "people" });
    expect(parse(addressOf.review())).toEqual({ screen: "review", person: null });
    expect(parse("/review", addressOf.review(5).replace("/review", ""))).toEqual({ screen: "review", person: 5 });
    expect(parse(addressOf.twice())).toEqual({ screen: "twice" });
    expect(parse("/review/else")).toEqual({ screen: "missing", path: "/review/else" });
    expect(parse(addressOf.person(3))).toEqual({ screen: "person", person: 3 });
    const [path = "", query] = addressOf.photo(4, 9).split("?");
    expect(parse(path, `?${query}`)).toEqual({ screen: "photo", photo: 4, person: 9 });
  });
});
