import { describe, expect, it } from "vitest";
import type { Breaker, Failure, Library, Status, Work, Worker } from "../api/types";
import { heldUp, nextTry, pausedFor } from "./breakers";
import { nextOf } from "./reasons";
import { headline } from "./states";
import { stateOf } from "./workers";

const NOW = Date.parse("2026-11-20T12:00:00Z");

describe("what comes next for a photo", () => {
  const failure = { photo: 1, permanent: false, given_up: false, retry_at: "2026-11-20T12:05:00Z" } as Failure;

  it.each<[Partial<Failure>, string]>([
    [{}, "Tried again in 5 min"],
    [{ retry_at: "2026-11-20T11:59:00Z" }, "In line to be tried again"],
    [{ permanent: true, retry_at: null }, "Not tried again by itself"],
    [{ permanent: true, given_up: true, retry_at: null }, "Given up: not tried again unless you ask, or the file changes"],
    [{ photo: null, retry_at: null }, "Tried again with each scan"],
  ])("%o", (change, words) => expect(nextOf({ ...failure, ...change }, NOW)).toBe(words));
});

describe("what holds the work up", () => {
  const breaker = { code: "library_offline", library: 7, state: "open", seconds: 12, trips: 1, workers: 1 } as Breaker;
  const libraries = [{ library: 7, root: "/media/disk/Photos" } as Library];

  it("names the folder, also one that is not known yet", () => {
    expect(heldUp(breaker, libraries).title).toBe("Paused: the disk of “Photos” is away");
    expect(heldUp(breaker, []).title).toBe("Paused: the disk of “a folder” is away");
  });

  it("counts down", () => {
    expect(nextTry(breaker, 2)).toBe("Next try in 10 s, with one photo");
    expect(nextTry(breaker, 60)).toBe("Next try now, with one photo");
    expect(nextTry({ ...breaker, state: "probing" }, 0)).toBe("Trying one photo now");
  });

  it("tells how often and for whom, where there is something to tell", () => {
    expect(pausedFor(breaker)).toBe("");
    expect(pausedFor({ ...breaker, trips: 3, workers: 2 })).toBe("tried 2 times already; 2 workers wait for it");
  });

  it("still tells of a class that it does not know", () => {
    expect(heldUp({ ...breaker, code: "gpu_gone" as Breaker["code"] }, []).title).toBe("Paused: gpu gone");
  });
});

describe("a worker's state", () => {
  const worker = { alive: true, silent_s: 1, state: "analysing", message: "" } as Worker;

  it.each<[Partial<Worker>, boolean, string]>([
    [{}, false, "Looking at photos"],
    [{}, true, "Looking at photos"],
    [{ state: "idle" }, true, "Paused"],
    [{ state: "idle", message: "the disk is away" }, false, "Held up"],
    [{ silent_s: 60 }, false, "Silent"],
    [{ alive: false, silent_s: 60 }, false, "Gone"],
    [{ state: "something_new" }, false, "something_new"],
  ])("%o", (change, paused, label) => expect(stateOf({ ...worker, ...change }, paused).label).toBe(label));
});

describe("the headline", () => {
  const status = { photos: 9, waiting: 0, activity: { state: "idle" } } as Status;
  const queue = { due: 0, leased: 0, retry_later: 0, unreachable: 0, next_at: null };
  const work = { paused: false, queue } as unknown as Work;

  it.each<[Partial<Work["queue"]>, boolean, string]>([
    [{}, false, "Everything is looked at"],
    [{ due: 3 }, true, "Paused"],
    [{ leased: 3 }, true, "Pausing: finishing what is in hand"],
    [{ leased: 3 }, false, "Looking at photos"],
    [{ due: 3 }, false, "3 photos waiting"],
    [{ retry_later: 3 }, false, "Waiting to try again"],
    [{ unreachable: 3 }, false, "Waiting for folders that are away"],
  ])("%o, paused %s", (change, paused, title) =>
    expect(headline(status, { ...work, paused, queue: { ...queue, ...change } }).title).toBe(title));

  it("does not take a server that has not heard of being resumed for one that is held up", () => {
    const activity = { state: "paused", message: "paused; resume to go on" } as Status["activity"];
    expect(headline({ ...status, activity }, { ...work, queue: { ...queue, due: 3 } }).title).toBe("3 photos waiting");
    expect(headline({ ...status, activity: { ...activity, message: "no models" } }, work).title).toBe("Held up");
  });

  it("has no praise for an empty library", () => {
    expect(headline({ ...status, photos: 0 }, work).title).toBe("No photos yet");
  });
});
