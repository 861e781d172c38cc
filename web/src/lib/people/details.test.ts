import { describe, expect, it } from "vitest";
import type { PersonDetails } from "../api/types";
import { changed, draftOf, namesIn, rebased } from "./details";

const was: PersonDetails = {
  person: 7,
  name: "Noor",
  aliases: ["Nono"],
  birth_date: "1990-05-02",
  notes: "",
  favourite: false,
  auto: true,
  hidden: false,
  cover: null,
  version: 3,
};

describe("what is said of a person", () => {
  it("sends what was changed and nothing else", () => {
    expect(changed(was, draftOf(was))).toEqual({});
    expect(changed(was, { ...draftOf(was), notes: "From next door", favourite: true })).toEqual({
      notes: "From next door",
      favourite: true,
    });
    expect(changed(was, { ...draftOf(was), birth_date: "" })).toEqual({ birth_date: null });
    expect(changed(was, { ...draftOf(was), aliases: "" })).toEqual({ aliases: [] });
  });

  it("reads names as they are typed", () => {
    expect(namesIn(" Nono,\nMum ; Nono\n\n")).toEqual(["Nono", "Mum"]);
  });

  it("keeps one's own over what somebody else saved, and takes the rest from them", () => {
    const now = { ...was, notes: "Theirs", favourite: true, version: 4 };
    const draft = { ...draftOf(was), notes: "Mine" };
    const again = rebased(was, draft, now);
    expect(again).toEqual({ ...draftOf(now), notes: "Mine" });
    expect(changed(now, again)).toEqual({ notes: "Mine" });
  });
});
