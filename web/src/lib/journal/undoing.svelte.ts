/** Taking decisions back: those of this tab by a key or a toast, any other from the journal. */
import { say } from "../../design/toasts.svelte";
import { journal } from "../api/client";
import { asProblem } from "../api/problem";
import type { Undone } from "../api/types";
import { forgetEverything } from "../photo/lists";
import { plural } from "../wording/numbers";
import { Past } from "./past";

const MORE_IN_JOURNAL = "The journal has everything that was ever decided";

class Undoing {
  /** Rises with each decision that was taken back or done again: what was read before may be otherwise now. */
  epoch = $state(0);
  /** Rises with each decision of this tab. */
  decided = $state(0);

  /** The decision that was taken back or done again last. */
  turned = -1;
  /** What is still on its way to the server: an undo waits for it, since that may be what is to be undone. */
  pending: Promise<unknown> = Promise.resolve();

  #past = new Past();
  #noted = 0;

  /** Says what was just decided, and offers to undo it. `decision` is null where nothing changed. */
  told(decision: number | null, text: string, detail = ""): void {
    if (decision === null) return say(text, "done", detail);
    this.#past.did({ decision, text });
    this.decided += 1;
    say(text, "done", detail, { label: "Undo", run: () => void this.undo(decision, text) });
  }

  /** Something that is no decision but is in the way of the one before: `back` takes it back. */
  noted(text: string, back: () => void): void {
    this.#noted -= 1;
    this.#past.did({ decision: this.#noted, text, back });
  }

  /** Undoes the latest decision of this tab. */
  async undoLatest(): Promise<void> {
    await this.pending;
    const latest = this.#past.toUndo();
    if (latest?.back) latest.back();
    else if (latest) await this.undo(latest.decision, latest.text);
    else say("Nothing to undo here", "done", MORE_IN_JOURNAL);
  }

  async redoLatest(): Promise<void> {
    const latest = this.#past.toRedo();
    if (latest) await this.redo(latest.decision, latest.text);
    else say("Nothing to redo here", "done", MORE_IN_JOURNAL);
  }

  undo(decision: number, text: string): Promise<boolean> {
    return this.#turn(decision, () => journal.undo(decision), `Undone: ${text}`, () => {
      this.#past.undid({ decision, text });
      return { label: "Redo", run: () => void this.redo(decision, text) };
    });
  }

  redo(decision: number, text: string): Promise<boolean> {
    return this.#turn(decision, () => journal.redo(decision), `Done again: ${text}`, () => {
      this.#past.did({ decision, text });
      return { label: "Undo", run: () => void this.undo(decision, text) };
    });
  }

  async #turn(
    decision: number,
    ask: () => Promise<Undone>,
    text: string,
    back: () => { label: string; run: () => void },
  ): Promise<boolean> {
    try {
      const undone = await ask();
      say(text, "done", leftOf(undone), back());
      return true;
    } catch (error) {
      const problem = asProblem(error);
      say(problem.message, problem.code === "offline" ? "danger" : "notice", problem.hint);
      return false;
    } finally {
      forgetEverything();
      this.turned = decision;
      this.epoch += 1;
    }
  }
}

/** What could not be put back, in words; empty when all of it was. */
export function leftOf(undone: Undone): string {
  if (undone.left_total === 0) return "";
  const things = plural(undone.left_total, "thing");
  return `${things} changed since and ${undone.left_total === 1 ? "stays" : "stay"} as ${undone.left_total === 1 ? "it is" : "they are"}`;
}

export const undoing = new Undoing();
