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
 * Fills rows in order, each broken where its height at full width comes nearest to `wanted`. The last row is not
 * stretched: it takes the height of the one before, or `wanted`. All in CSS pixels; `gap` lies between tiles.
 */
export function justify(ratios: readonly number[], width: number, wanted: number, gap: number): TileRow[] {
  const rows: TileRow[] = [];
  let first = 0;
  let sum = 0;
  for (let index = 0; index < ratios.length; index++) {
    const ratio = ratios[index] ?? 1;
    const without = fullHeight(width, gap, index - first, sum);
    const within = fullHeight(width, gap, index - first + 1, sum + ratio);
    sum += ratio;
    if (within > wanted) continue;
    const early = index > first && without / wanted < wanted / within;
    const end = early ? index : index + 1;
    rows.push(place(ratios, first, end, early ? without : within, gap));
    first = end;
    sum = early ? ratio : 0;
  }
  if (first < ratios.length) {
    const tallest = Math.min(wanted, rows[rows.length - 1]?.height ?? wanted);
    const height = Math.min(tallest, fullHeight(width, gap, ratios.length - first, sum));
    rows.push(place(ratios, first, ratios.length, height, gap));
  }
  return rows;
}

/** The height at which `count` tiles, their ratios adding up to `sum`, fill the width. */
function fullHeight(width: number, gap: number, count: number, sum: number): number {
  return (width - gap * (count - 1)) / sum;
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
