/** Puts a floating list under its anchor, or above where there is more room, and always inside the window. */

const EDGE = 12;
const GAP = 6;

export function place(floating: HTMLElement, anchor: HTMLElement): void {
  const from = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = floating;
  const { left, top } = beside(from, { width, height }, { width: innerWidth, height: innerHeight });
  floating.style.left = `${left}px`;
  floating.style.top = `${top}px`;
}

interface Size {
  width: number;
  height: number;
}

/** All in CSS pixels of the window. */
export function beside(
  anchor: { left: number; top: number; bottom: number },
  floating: Size,
  window: Size,
): { left: number; top: number } {
  const below = anchor.bottom + GAP;
  const above = anchor.top - GAP - floating.height;
  const fitsBelow = below + floating.height <= window.height - EDGE;
  const left = Math.max(EDGE, Math.min(anchor.left, window.width - floating.width - EDGE));
  return { left, top: fitsBelow || above < EDGE ? Math.min(below, window.height - floating.height - EDGE) : above };
}
