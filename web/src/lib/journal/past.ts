/** The decisions of this tab, in the order in which they can be taken back and done again. */

export interface Own {
  decision: number;
  text: string;
  /** Takes back what the server keeps no decision of, such as "not now". Its number is then below 0. */
  back?: () => void;
}

const MOST = 100;

export class Past {
  #done: Own[] = [];
  #undone: Own[] = [];

  /** Decided, or done again. */
  did(own: Own): void {
    this.#forget(own.decision);
    this.#done.push(own);
    if (this.#done.length > MOST) this.#done.shift();
  }

  undid(own: Own): void {
    this.#forget(own.decision);
    this.#undone.push(own);
    if (this.#undone.length > MOST) this.#undone.shift();
  }

  /** Taken out: when it cannot be undone, the one before it is next. */
  toUndo(): Own | undefined {
    return this.#done.pop();
  }

  toRedo(): Own | undefined {
    return this.#undone.pop();
  }

  #forget(decision: number): void {
    this.#done = this.#done.filter((one) => one.decision !== decision);
    this.#undone = this.#undone.filter((one) => one.decision !== decision);
  }
}
