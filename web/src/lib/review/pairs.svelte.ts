/** Pairs of people who may be one, one after the other. As in the queue of faces, an answer does not wait. */
import { say } from "../../design/toasts.svelte";
import { proposals } from "../api/client";
import { CursorList } from "../api/cursor-list.svelte";
import { asProblem } from "../api/problem";
import type { Proposal, ProposalAnswer, ProposalAnswered } from "../api/types";
import { undoing } from "../journal/undoing.svelte";
import { peopleView } from "../people/lists.svelte";
import { forgetAlbums } from "../photo/lists";
import { questions } from "./questions.svelte";

const keyOf = ({ one, other }: Proposal) => `${one.person}-${other.person}`;

const LEFT: Partial<Record<ProposalAnswered["outcome"], string>> = {
  answered: "Somebody else answered that meanwhile",
  not_found: "That is not asked any more",
};

export class Pairs {
  list = new CursorList<Proposal>((cursor, limit) => proposals.list(cursor, limit), keyOf, 50);
  again = $state(false);
  at = $state(0);
  /** Who stays was swapped for the pair that is shown. */
  swapped = $state(false);

  readonly items = $derived(this.again ? this.list.items : this.list.items.filter((pair) => !pair.skipped));
  readonly current = $derived(this.items[Math.min(this.at, this.items.length - 1)] ?? null);
  readonly skipped = $derived(this.list.items.filter((pair) => pair.skipped).length);

  #answered = new Map<number, string>();

  /** Who stays when they are merged, and who goes into them. */
  stays(pair: Proposal): number {
    const first = pair.stays === pair.one.person;
    return first === this.swapped ? pair.other.person : pair.one.person;
  }

  answer(pair: Proposal, word: ProposalAnswer["answer"]): void {
    const into = word === "merge" ? this.stays(pair) : null;
    const key = keyOf(pair);
    this.swapped = false;
    if (word === "skip") this.#putOff(pair);
    else {
      this.list.edit((one) => (keyOf(one) === key ? null : one));
      questions.answered(0, 1);
    }
    if (this.at >= this.items.length) this.at = 0;
    const run = () => this.#send(pair, { one: pair.one.person, other: pair.other.person, answer: word, into });
    undoing.pending = undoing.pending.then(run, run);
  }

  async turned(decision: number): Promise<void> {
    await this.list.reload("first");
    const key = this.#answered.get(decision);
    this.at = Math.max(0, this.items.findIndex((pair) => keyOf(pair) === key));
    questions.read();
  }

  async #send(pair: Proposal, given: ProposalAnswer): Promise<void> {
    try {
      const { value, decision } = await proposals.answer([given]);
      this.#tell(pair, given, value.items[0], decision);
      if (decision !== null) this.#answered.set(decision, keyOf(pair));
    } catch (error) {
      const problem = asProblem(error);
      say(problem.message, "danger", problem.hint);
      this.list.putBack(pair);
      this.at = 0;
    }
    questions.read();
  }

  #tell(pair: Proposal, given: ProposalAnswer, outcome: ProposalAnswered | undefined, decision: number | null): void {
    const left = outcome && LEFT[outcome.outcome];
    if (left) return say(left, "notice");
    if (given.answer === "apart") undoing.told(decision, "Two people", "facekeep will not ask that again");
    if (given.answer !== "merge") return;
    const name = [pair.one, pair.other].find((who) => who.person === outcome?.person)?.name;
    undoing.told(decision, `Now one person: ${name ?? "not yet named"}`);
    forgetAlbums(pair.one.person, pair.other.person);
    if (peopleView.list.loaded) void peopleView.list.reload("first");
    // What was asked about who is merged is asked about who stays.
    void this.list.reload("first");
  }

  #putOff(pair: Proposal): void {
    const key = keyOf(pair);
    this.list.edit((one) => (keyOf(one) === key ? { ...one, skipped: true } : one));
    if (this.again) this.at = (this.at + 1) % this.items.length;
    undoing.noted("Not now", () => {
      this.list.putBack({ ...pair, skipped: false });
      this.at = 0;
    });
  }
}
