/** Which of a list are selected: pure, by the numbers of the things, so that a list that grows or shrinks keeps them. */

export interface Chosen {
  readonly ids: ReadonlySet<number>;
  /** Where a selection of several begins: what was clicked last. */
  readonly anchor: number | null;
}

export const NONE: Chosen = { ids: new Set(), anchor: null };

/** One more, or one less. */
export function toggled(chosen: Chosen, id: number): Chosen {
  const ids = new Set(chosen.ids);
  if (!ids.delete(id)) ids.add(id);
  return { ids, anchor: id };
}

/** All from the anchor to `to`, both included, in the order of the list; what was selected before stays. */
export function extended(chosen: Chosen, order: readonly number[], to: number): Chosen {
  const from = chosen.anchor === null ? -1 : order.indexOf(chosen.anchor);
  const end = order.indexOf(to);
  if (end < 0) return chosen;
  if (from < 0) return { ids: new Set([...chosen.ids, to]), anchor: to };
  const between = order.slice(Math.min(from, end), Math.max(from, end) + 1);
  return { ids: new Set([...chosen.ids, ...between]), anchor: chosen.anchor };
}

export function all(order: readonly number[]): Chosen {
  return { ids: new Set(order), anchor: order[0] ?? null };
}

/** Without what is not in the list any more. */
export function kept(chosen: Chosen, order: readonly number[]): Chosen {
  const there = new Set(order);
  const ids = new Set([...chosen.ids].filter((id) => there.has(id)));
  if (ids.size === chosen.ids.size) return chosen;
  return { ids, anchor: chosen.anchor !== null && there.has(chosen.anchor) ? chosen.anchor : null };
}

/** The selected ones in the order of the list. */
export function inOrder(chosen: Chosen, order: readonly number[]): number[] {
  return order.filter((id) => chosen.ids.has(id));
}
