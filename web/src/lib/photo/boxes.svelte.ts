/** Whether boxes are drawn over faces: one answer for all screens, remembered in this browser. */

const KEY = "facekeep.boxes";

class Boxes {
  shown = $state(read());

  toggle(): void {
    this.shown = !this.shown;
    try {
      localStorage.setItem(KEY, this.shown ? "shown" : "hidden");
    } catch {
      // Storage is off: the choice holds until the page is closed.
    }
  }
}

function read(): boolean {
  try {
    return localStorage.getItem(KEY) !== "hidden";
  } catch {
    return true;
  }
}

export const boxes = new Boxes();
