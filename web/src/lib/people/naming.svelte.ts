/**
 * Giving names. A wish is what the user typed or chose; carrying it out may need a question first
 * (is this the same person?), and may find that somebody else was faster.
 */
import { say } from "../../design/toasts.svelte";
import { faces, people } from "../api/client";
import { asProblem } from "../api/problem";
import type { Face, Person } from "../api/types";
import { plural } from "../wording/numbers";
import { undoing } from "../journal/undoing.svelte";
import { peopleView } from "./lists.svelte";

export type Wish = { name: string } | { person: Person };
export type Choice = "same" | "namesake" | "face" | "cancel";

/** Asked before two people become one. `typed`: the name was typed in full rather than chosen from the list. */
export interface Question {
  from: Person;
  into: Person;
  typed: boolean;
  /** A single face is being named, so that "only this face" is an answer as well. */
  oneFace: boolean;
  answer: (choice: Choice) => void;
}

export const asking = $state<{ question: Question | null }>({ question: null });

export function ask(question: Omit<Question, "answer">): Promise<Choice> {
  return new Promise((resolve) => {
    const answer = (choice: Choice) => {
      asking.question = null;
      resolve(choice);
    };
    asking.question = { ...question, answer };
  });
}

/** A person who already has exactly this name, other than `except`. Upper and lower case count as one. */
export async function namesakeOf(name: string, except: number | null): Promise<Person | null> {
  const found = await people.names(name);
  const same = (person: Person) => person.name?.toLocaleLowerCase() === name.toLocaleLowerCase();
  return found.find((person) => same(person) && person.person !== except) ?? null;
}

/** Names a person or merges it into the one that was meant. Gives the person that stands, or null when nothing was done. */
export async function settle(person: Person, wish: Wish, oneFace = false): Promise<Person | "face" | null> {
  return guarded(person.person, async () => {
    if ("person" in wish) return mergeOrNot(person, wish.person, { typed: false, oneFace });
    if (wish.name === person.name) return person;
    const namesake = await namesakeOf(wish.name, person.person);
    if (namesake) return mergeOrNot(person, namesake, { typed: true, oneFace });
    return rename(person, wish.name);
  });
}

async function mergeOrNot(
  from: Person,
  into: Person,
  how: { typed: boolean; oneFace: boolean },
): Promise<Person | "face" | null> {
  const choice = await ask({ from, into, ...how });
  if (choice === "same") return merge(from, into);
  if (choice === "namesake") return rename(from, into.name);
  return choice === "face" ? "face" : null;
}

async function rename(person: Person, name: string | null): Promise<Person> {
  const { value: now, decision } = await people.change(person, { name });
  peopleView.changed(now);
  const text = name === null ? "Name removed" : `Named ${name}`;
  undoing.told(decision, text, name === null ? "" : plural(now.photos, "photo"));
  return now;
}

async function merge(from: Person, into: Person): Promise<Person> {
  const { value: now, decision } = await people.merge(from, into);
  peopleView.merged(from.person, now);
  undoing.told(decision, `Now one person: ${now.name ?? "not yet named"}`, plural(now.photos, "photo"));
  return now;
}

export function removeName(person: Person): Promise<Person | null> {
  return guarded(person.person, () => rename(person, null));
}

export async function setHidden(person: Person, hidden: boolean): Promise<Person | null> {
  return guarded(person.person, async () => {
    const { value: now, decision } = await people.change(person, { hidden });
    peopleView.left(person.person);
    peopleView.changed(now);
    const where = hidden ? "Under People, Hidden, whenever you need them" : "";
    undoing.told(decision, hidden ? "Hidden" : "Shown again", where);
    return now;
  });
}

/** Puts one face on a person, known or new. Gives null when it could not be done; the reason has been told. */
export function assign(face: Face, wish: Wish): Promise<Face | null> {
  return guarded(null, async () => {
    const to = "person" in wish ? { person: wish.person.person } : await knownOrNew(wish.name);
    const { value: now, decision } = await faces.assign(face.face, to);
    undoing.told(decision, `This is ${now.name ?? "somebody new"}`);
    return now;
  });
}

async function knownOrNew(name: string): Promise<{ person: number } | { name: string }> {
  const known = await namesakeOf(name, null);
  return known ? { person: known.person } : { name };
}

/** "This is not them": taken off, and remembered. */
export function unassign(face: Face): Promise<Face | null> {
  return guarded(null, async () => {
    const { value: now, decision } = await faces.unassign(face.face);
    const text = face.name === null ? "Taken out of this group" : `Not ${face.name}`;
    undoing.told(decision, text, "facekeep will not suggest it again");
    return now;
  });
}

/** Tells what went wrong. After a conflict, shows how the person is by now. */
async function guarded<Value>(person: number | null, step: () => Promise<Value>): Promise<Value | null> {
  try {
    return await step();
  } catch (error) {
    const problem = asProblem(error);
    if (problem.code === "conflict" && person !== null) await tellConflict(person);
    else say(problem.message, "danger", problem.hint);
    return null;
  }
}

async function tellConflict(person: number): Promise<void> {
  try {
    const now = await people.get(person);
    if (now.person === person) peopleView.changed(now);
    else peopleView.merged(person, now);
    const is = now.name === null ? "not named" : `named ${now.name}`;
    say("Somebody changed this in another tab", "notice", `Here is what it is now: ${is}. Nothing of yours was saved.`);
  } catch (error) {
    const problem = asProblem(error);
    say(problem.message, "danger", problem.hint);
  }
}
