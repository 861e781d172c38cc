/** Naming in a photo. Naming a face of an unnamed group names the group; correcting a named face moves that face alone. */
import { people } from "../api/client";
import { asProblem } from "../api/problem";
import type { Face } from "../api/types";
import { say } from "../../design/toasts.svelte";
import { assign, settle, unassign, type Wish } from "../people/naming.svelte";
import { forgetAlbums, forgetFaces } from "./lists";

/** True when something was changed, so that the photo has to be read again. */
export async function nameFace(face: Face, wish: Wish): Promise<boolean> {
  const done = face.person !== null && face.name === null ? await nameGroup(face, face.person, wish) : assign(face, wish);
  const target = "person" in wish ? wish.person.person : null;
  return finish((await done) !== null, face.person, target);
}

export async function removeFace(face: Face): Promise<boolean> {
  return finish((await unassign(face)) !== null, face.person, null);
}

async function nameGroup(face: Face, group: number, wish: Wish): Promise<unknown> {
  try {
    const person = await people.get(group);
    if (person.faces <= 1 && "person" in wish) return assign(face, wish);
    const settled = await settle(person, wish, true);
    return settled === "face" ? assign(face, wish) : settled;
  } catch (error) {
    const problem = asProblem(error);
    say(problem.message, "danger", problem.hint);
    return null;
  }
}

function finish(changed: boolean, ...people: (number | null)[]): boolean {
  if (!changed) return false;
  forgetFaces();
  forgetAlbums(...people.filter((person) => person !== null));
  return true;
}
