/** Deciding about many faces of a person at once. Each gives whether it was done; why not has been told. */
import { say } from "../../design/toasts.svelte";
import { about, faces, type Decided } from "../api/client";
import { asProblem } from "../api/problem";
import type { Person, Standing } from "../api/types";
import { undoing } from "../journal/undoing.svelte";
import { forgetAlbums, forgetFaces } from "../photo/lists";
import { plural } from "../wording/numbers";
import { namesakeOf, type Wish } from "./naming.svelte";

/** As many faces as the server takes in one decision. */
export const MOST = 5000;

/** They are somebody else: somebody known, or a new person of that name. */
export function moveFaces(person: Person, chosen: number[], wish: Wish): Promise<boolean> {
  return done(async () => {
    const known = "person" in wish ? wish.person : await namesakeOf(wish.name, person.person);
    const to = known ? { person: known.person } : { name: "name" in wish ? wish.name : "" };
    const name = known?.name ?? ("name" in wish ? wish.name : "somebody else");
    const outcome = await faces.move(chosen, to);
    if (known) forgetAlbums(known.person);
    return { ...outcome, text: `${plural(chosen.length, "face")}: this is ${name}` };
  });
}

/** They are somebody else, who has no name yet. */
export function splitOff(person: Person, chosen: number[]): Promise<boolean> {
  return done(async () => {
    const outcome = await about.split(person.person, chosen, null);
    return { ...outcome, text: `${plural(chosen.length, "face")} are somebody else now` };
  });
}

export function notThese(person: Person, chosen: number[]): Promise<boolean> {
  return done(async () => {
    const outcome = await faces.remove(chosen);
    return { ...outcome, text: `${plural(chosen.length, "face")}: not ${person.name ?? "this person"}` };
  });
}

export function putAway(chosen: number[], standing: Standing): Promise<boolean> {
  return done(async () => {
    const outcome = await faces.stand(chosen, standing);
    const said = standing === "ignored" ? "ignored" : "said to be none";
    return { ...outcome, text: `${plural(chosen.length, "face")} ${said}` };
  });
}

interface Items {
  items: { outcome: string }[];
}

async function done(step: () => Promise<Decided<Items> & { text: string }>): Promise<boolean> {
  try {
    const { value, decision, text } = await step();
    const lost = value.items.filter((item) => item.outcome === "not_found").length;
    undoing.told(decision, text, lost > 0 ? `${plural(lost, "face")} changed meanwhile and ${lost === 1 ? "was" : "were"} left` : "");
    forgetFaces();
    return true;
  } catch (error) {
    const problem = asProblem(error);
    say(problem.message, "danger", problem.hint);
    return false;
  }
}
