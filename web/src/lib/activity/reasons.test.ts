import { expect, it } from "vitest";
import description from "../../../openapi.json";
import { reasonOf } from "./reasons";

it.each(description.components.schemas.FailureCode.enum)("has plain words and advice for %s", (code) => {
  expect(reasonOf(code).title).not.toBe(code.replaceAll("_", " "));
  expect(reasonOf(code).advice.length).toBeGreaterThan(20);
});

it("still shows a code that it does not know", () => {
  expect(reasonOf("eaten_by_dog").title).toBe("eaten by dog");
});
