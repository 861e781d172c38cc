/** What facekeep asks and what became of the answers, in words. */
import type { Answered, Proposal, Suggestion, SuggestionAnswer } from "../api/types";
import { count, plural } from "../wording/numbers";

export type Word = SuggestionAnswer["answer"];

/** "97 %"; only what is certain is called 100 %. */
export function percent(share: number): string {
  const whole = Math.round(share * 100);
  return `${whole === 100 && share < 1 ? 99 : whole} %`;
}

/** What speaks for a question, a sentence each, the weightiest first. A later server may give other reasons. */
export function whyOf(reason: Suggestion["reason"]): string[] {
  const said: string[] = [];
  const voters = votersOf(reason);
  if (voters.length > 0) said.push(`Looks like ${plural(voters.length, "face")} of theirs.`);
  else if (reason["by"] === "grouping") said.push("Found while grouping: near this person, but not near enough to be sure.");
  if (typeof reason["runner_up"] === "number") said.push("Somebody else looks like it as well, but less.");
  else if (voters.length > 0) said.push("Nobody else looks like it.");
  if (reason["other_era"] === true) said.push("None of their photos is from that time.");
  if (typeof reason["merged"] === "number") said.push("It was asked about somebody who is the same person now.");
  return said;
}

/** The faces that speak for it, the nearest first. */
export function votersOf(reason: Suggestion["reason"]): number[] {
  const voters: unknown = reason["voters"];
  if (!Array.isArray(voters)) return [];
  const near = voters.filter((one): one is { face: number; distance?: number } => typeof one?.face === "number");
  return near.sort((one, other) => (one.distance ?? 0) - (other.distance ?? 0)).map((one) => one.face);
}

/** Who both are, as far as the pairs of their faces tell. */
export function alike({ near, compared }: Proposal["reason"]): string {
  if (compared === 1) return near === 1 ? "Their faces are as near as one person's." : "Their faces are near, but not one person's.";
  const some = near === compared ? `All ${count(compared)}` : `${count(near)} of ${count(compared)}`;
  return `${some} pairs of faces are as near as one person's.`;
}

const DONE = ["accepted", "rejected", "reassigned", "not_a_face", "ignored", "skipped"];

export function isDone(outcome: Answered["outcome"]): boolean {
  return DONE.includes(outcome);
}

const LEFT: Record<string, [one: string, many: string]> = {
  answered: ["was answered by somebody else meanwhile", "were answered by somebody else meanwhile"],
  in_photo: ["is in a photo in which they are already", "are in photos in which they are already"],
  not_found: ["is not asked about any more", "are not asked about any more"],
};

/** What was not done, and why: "2 faces are not asked about any more". Empty when all was done. */
export function leftOf(items: readonly Pick<Answered, "outcome">[]): string {
  const said = Object.entries(LEFT).flatMap(([outcome, [one, many]]) => {
    const found = items.filter((item) => item.outcome === outcome).length;
    return found === 0 ? [] : [`${plural(found, "face")} ${found === 1 ? one : many}`];
  });
  return said.join(", ");
}

/** What was done, for the toast: "Yes: 3 faces are Noor". `name` is who was asked about, or who it is instead. */
export function doneWords(answer: Word, done: number, name: string): string {
  const one = done === 1;
  const faces = plural(done, "face");
  const words: Record<Word, string> = {
    accept: one ? `Yes, ${name}` : `Yes: ${faces} are ${name}`,
    reject: one ? `Not ${name}` : `No: ${faces} are not ${name}`,
    other: one ? `This is ${name}` : `${faces} are ${name}`,
    skip: one ? "Not now" : `Not now: ${faces}`,
    not_a_face: one ? "Not a face" : `${faces} are none`,
    ignore: one ? "Ignored" : `${faces} ignored`,
  };
  return words[answer];
}

/** Few characters for a badge. */
export function badge(number: number): string {
  return number > 999 ? "999+" : String(number);
}
