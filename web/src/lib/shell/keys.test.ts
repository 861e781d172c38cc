import { expect, it } from "vitest";
import { historyKeyName, keyName } from "./keys";

const plain = { ctrlKey: false, metaKey: false, altKey: false };

it("takes letters in either case as one, and leaves the browser its own shortcuts", () => {
  expect(keyName({ ...plain, key: "N" })).toBe("n");
  expect(keyName({ ...plain, key: "?" })).toBe("?");
  expect(keyName({ ...plain, key: "ArrowLeft" })).toBe("ArrowLeft");
  expect(keyName({ ...plain, ctrlKey: true, key: "n" })).toBeNull();
  expect(keyName({ ...plain, metaKey: true, key: "b" })).toBeNull();
});

it("undoes and does again by the keys that every system has", () => {
  const held = { ...plain, shiftKey: false };
  expect(historyKeyName({ ...held, ctrlKey: true, key: "z" })).toBe("undo");
  expect(historyKeyName({ ...held, metaKey: true, key: "z" })).toBe("undo");
  expect(historyKeyName({ ...held, metaKey: true, shiftKey: true, key: "Z" })).toBe("redo");
  expect(historyKeyName({ ...held, ctrlKey: true, key: "y" })).toBe("redo");
  expect(historyKeyName({ ...held, key: "z" })).toBeNull();
  expect(historyKeyName({ ...held, ctrlKey: true, altKey: true, key: "z" })).toBeNull();
});
