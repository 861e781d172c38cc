/** A few faces of a person to compare with: those that stand for them, or the best. Read once while reviewing. */
import { about, faces } from "../api/client";

const MOST = 300;
const SHOWN = 12;

const known = new Map<number, Promise<number[]>>();

export function facesOf(person: number): Promise<number[]> {
  const found = known.get(person);
  if (found) return found;
  const read = look(person);
  known.set(person, read);
  read.catch(() => known.delete(person));
  const oldest = known.keys().next().value;
  if (known.size > MOST && oldest !== undefined) known.delete(oldest);
  return read;
}

/** Somebody has other faces now. */
export function forgetFacesOf(): void {
  known.clear();
}

async function look(person: number): Promise<number[]> {
  const [standing, some] = await Promise.all([about.exemplars(person), faces.list({ person }, null, SHOWN)]);
  const all = [...standing.exemplars.map((one) => one.face), ...some.items.map((one) => one.face)];
  return [...new Set(all)].slice(0, SHOWN);
}
