/** Which questions "accept all above" is about. */
import type { Suggestion } from "../api/types";

/** As many as the server takes in one decision. */
export const MOST = 1000;

/** Of a listing, the surest first: those that were not put off. */
export function surest<Item extends Pick<Suggestion, "skipped">>(items: readonly Item[]): Item[] {
  return items.filter((asked) => !asked.skipped).slice(0, MOST);
}
