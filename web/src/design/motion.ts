/** A duration for an animation from script: nothing moves for those who asked for that. */
export function motionMs(wanted: number): number {
  return matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : wanted;
}
