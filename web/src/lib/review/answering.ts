/** Sending answers about faces, and telling what became of them. */
import { say } from "../../design/toasts.svelte";
import { faces, suggestions, type Decided } from "../api/client";
import { asProblem } from "../api/problem";
import type { Answered, Suggestion } from "../api/types";
import { undoing } from "../journal/undoing.svelte";
import { forgetAlbums, forgetFaces } from "../photo/lists";
import type { Wish } from "../people/naming.svelte";
import { doneWords, isDone, leftOf, type Word } from "./words";

export interface Given {
  items: readonly Suggestion[];
  answer: Word;
  /** With "somebody else": who. */
  wish?: Wish;
}

/** The decision that the answers were, null where there was none; false when they could not be sent. */
export async function send(given: Given): Promise<number | null | false> {
  const { items, answer, wish } = given;
  const to = wish === undefined ? {} : "person" in wish ? { to: wish.person.person } : { name: wish.name };
  const answers = items.map(({ face, person }) => ({ face, person, answer, ...to }));
  try {
    const outcome = await suggestions.answer(answers);
    tell(given, outcome);
    return outcome.decision;
  } catch (error) {
    const problem = asProblem(error);
    say(problem.message, "danger", problem.hint);
    return false;
  }
}

/** Says what was done, with an undo, and what was left. */
export function tell({ items, answer, wish }: Given, { value, decision }: Decided<{ items: Answered[] }>): void {
  const first = items[0];
  const asked = first?.name ?? "this person";
  const name = wish === undefined ? asked : "person" in wish ? (wish.person.name ?? "somebody else") : wish.name;
  const done = value.items.filter((item) => isDone(item.outcome)).length;
  const left = leftOf(value.items);
  if (done > 0 && answer !== "skip") undoing.told(decision, doneWords(answer, done, name), left);
  else if (left !== "") tellLeft(value.items, left, asked);
  if (first && done > 0) forgetAlbums(first.person, wish && "person" in wish ? wish.person.person : null);
  if (done > 0) forgetFaces();
}

function tellLeft(items: readonly Answered[], left: string, name: string): void {
  const [only] = items;
  if (items.length !== 1 || only?.outcome !== "in_photo") return say(left, "notice", "Nothing of yours was saved for it.");
  const run = () => void insist(only, name);
  say(`${name} is in that photo already`, "notice", "Another face there is theirs.", { label: "It is this one", run });
}

/** Of two faces in a photo it is the one that was asked about, after all. */
async function insist({ face, person }: Answered, name: string): Promise<void> {
  try {
    const { decision } = await faces.move([face], { person });
    undoing.told(decision, `Yes, ${name}`);
  } catch (error) {
    const problem = asProblem(error);
    say(problem.message, "danger", problem.hint);
  }
}
