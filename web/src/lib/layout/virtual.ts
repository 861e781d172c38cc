/** Which rows of a long page have to be in the document. Heights in CSS pixels; a row's height includes its gap. */

/** Where each row begins, and at the end where the last one stops: one longer than `heights`. */
export function offsetsOf(heights: readonly number[]): number[] {
  const offsets = [0];
  let at = 0;
  for (const height of heights) offsets.push((at += height));
  return offsets;
}

/** First row that ends below `position`, by halving. `offsets` as from `offsetsOf`. */
export function rowAt(offsets: readonly number[], position: number): number {
  let low = 0;
  let high = Math.max(offsets.length - 2, 0);
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((offsets[middle + 1] ?? 0) > position) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Indexes of the rows between `top` and `bottom`, widened by `margin` pixels, plus the rows in `kept`. */
export function visibleRows(
  offsets: readonly number[],
  top: number,
  bottom: number,
  margin: number,
  kept: readonly number[] = [],
): number[] {
  const count = offsets.length - 1;
  if (count <= 0) return [];
  const first = rowAt(offsets, top - margin);
  const last = rowAt(offsets, bottom + margin);
  const rows = new Set<number>(kept.filter((row) => row >= 0 && row < count));
  for (let row = first; row <= last; row++) rows.add(row);
  return [...rows].sort((a, b) => a - b);
}
