import { expect, it } from "vitest";
import { keyName } from "./keys";

const plain = { ctrlKey: false, metaKey: false, altKey: false };

it("takes letters in either case as one, and leaves the browser its own shortcuts", () => {
  expect(keyName({ ...plain, key: "N" })).toBe("n");
  expect(keyName({ ...plain, key: "?" })).toBe("?");
  expect(keyName({ ...plain, key: "ArrowLeft" })).toBe("ArrowLeft");
  expect(keyName({ ...plain, ctrlKey: true, key: "n" })).toBeNull();
  expect(keyName({ ...plain, metaKey: true, key: "b" })).toBeNull();
});
