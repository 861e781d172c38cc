/** Rows of photos of one height each that fill the width, in the order given. */

export interface Tile {
  /** Place in the list that was given. */
  index: number;
  left: number;
  width: number;
}

export interface TileRow {
  height: number;
  tiles: Tile[];
}

/** Photos whose size is not known yet count as 4:3; panoramas and strips are held to what a row can bear. */
export function ratioOf(size: { width: number | null; height: number | null }): number {
  if (!size.width || !size.height) return 4 / 3;
  return Math.min(Math.max(size.width / size.height, 0.5), 3.2);
}

/**
 * Fills rows greedily until their height at full width is at most `wanted`; the last row keeps `wanted`.
 * Widths in CSS pixels, `gap` between tiles included in neither.
 */
export function justify(ratios: readonly number[], width: number, wanted: number, gap: number): TileRow[] {
  const rows: TileRow[] = [];
  let first = 0;
  let sum = 0;
  for (let index = 0; index < ratios.length; index++) {
    sum += ratios[index] ?? 1;
    const height = (width - gap * (index - first)) / sum;
    if (height > wanted) continue;
    rows.push(place(ratios, first, index + 1, height, gap));
    first = index + 1;
    sum = 0;
  }
  if (first < ratios.length) {
    const height = Math.min(wanted, (width - gap * (ratios.length - first - 1)) / sum);
    rows.push(place(ratios, first, ratios.length, height, gap));
  }
  return rows;
}

function place(ratios: readonly number[], first: number, end: number, height: number, gap: number): TileRow {
  let left = 0;
  const tiles = [];
  for (let index = first; index < end; index++) {
    const width = (ratios[index] ?? 1) * height;
    tiles.push({ index, left, width });
    left += width + gap;
  }
  return { height, tiles };
}
