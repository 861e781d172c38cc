/** The grid of people as rows, and where the arrow keys lead in it. Pure: sizes in CSS pixels. */

export type Row =
  | { kind: "heading"; title: string; height: number }
  | { kind: "tiles"; first: number; end: number; height: number };

export interface Measure {
  columns: number;
  tile: number;
  gap: number;
  /** Height of the name and the count under a face. */
  caption: number;
}

const HEADING = 64;
/** The first one needs no distance from a section before. */
const FIRST_HEADING = 40;

/** As many columns as fit, three at least: a phone shows three across. */
export function measure(width: number): Measure {
  const small = width < 560;
  const gap = small ? 12 : 24;
  const least = small ? 96 : 152;
  const columns = Math.max(3, Math.floor((width + gap) / (least + gap)));
  const tile = Math.max(0, (width - gap * (columns - 1)) / columns);
  return { columns, tile, gap, caption: small ? 50 : 58 };
}

/** Two sections when both named and unnamed people are there (named come first), else one without a heading. */
export function rowsOf(named: readonly boolean[], { columns, tile, gap, caption }: Measure): Row[] {
  const found = named.indexOf(false);
  const boundary = found < 0 ? named.length : found;
  const both = boundary > 0 && boundary < named.length;
  const rows: Row[] = [];
  const section = (title: string, first: number, end: number) => {
    if (first === end) return;
    if (both) rows.push({ kind: "heading", title, height: rows.length === 0 ? FIRST_HEADING : HEADING });
    for (let at = first; at < end; at += columns) {
      rows.push({ kind: "tiles", first: at, end: Math.min(at + columns, end), height: tile + caption + gap });
    }
  };
  section("Named", 0, boundary);
  section("Not yet named", boundary, named.length);
  return rows;
}

/** The row that holds a tile, -1 if none does. */
export function rowOfTile(rows: readonly Row[], index: number): number {
  return rows.findIndex((row) => row.kind === "tiles" && row.first <= index && index < row.end);
}

/** Where a key leads from tile `index`; null when the key is not one that moves. Up and down keep the column. */
export function step(rows: readonly Row[], index: number, key: string): number | null {
  const last = rows.reduce((end, row) => (row.kind === "tiles" ? row.end : end), 0) - 1;
  if (last < 0) return null;
  const at = Math.min(Math.max(index, 0), last);
  if (key === "ArrowRight") return Math.min(at + 1, last);
  if (key === "ArrowLeft") return Math.max(at - 1, 0);
  if (key === "Home") return 0;
  if (key === "End") return last;
  if (key === "ArrowDown") return vertical(rows, at, 1);
  if (key === "ArrowUp") return vertical(rows, at, -1);
  return null;
}

function vertical(rows: readonly Row[], index: number, direction: 1 | -1): number {
  const from = rowOfTile(rows, index);
  const here = rows[from];
  if (here?.kind !== "tiles") return index;
  for (let to = from + direction; to >= 0 && to < rows.length; to += direction) {
    const row = rows[to];
    if (row?.kind === "tiles") return Math.min(row.first + (index - here.first), row.end - 1);
  }
  return index;
}
