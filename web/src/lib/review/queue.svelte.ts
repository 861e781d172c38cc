/**
 * The questions about one person after the other. An answer takes its question out at once, so that the next one is
 * there without waiting; the answers follow each other to the server, and a question whose answer failed comes back.
 */
import { suggestions } from "../api/client";
import { CursorList } from "../api/cursor-list.svelte";
import type { SuggestedPerson, Suggestion } from "../api/types";
import { undoing } from "../journal/undoing.svelte";
import { send, type Given } from "./answering";
import { questions } from "./questions.svelte";
import { doneWords } from "./words";

const PEOPLE = 60;
const PART = 100;
const NEAR_END = 3;

const listOf = (person: number) =>
  new CursorList<Suggestion>(
    (cursor, limit) => suggestions.list({ person }, cursor, limit),
    (asked) => asked.face,
    PART,
  );

export class Queue {
  people = new CursorList<SuggestedPerson>(
    (cursor, limit) => suggestions.people(cursor, limit),
    (asked) => asked.person,
    PEOPLE,
  );
  person = $state<number | null>(null);
  list = $state.raw<CursorList<Suggestion> | null>(null);
  /** The place of the question that is shown. */
  at = $state(0);
  /** What was put off is looked at again. */
  again = $state(false);

  readonly items = $derived.by(() => {
    const all = this.list?.items ?? [];
    return this.again ? all : all.filter((asked) => !asked.skipped);
  });
  readonly current = $derived(this.items[Math.min(this.at, this.items.length - 1)] ?? null);

  /** Who comes after this one has no question left. */
  readonly next = $derived(
    this.people.items.find((asked) => asked.person !== this.person && this.#open(asked) > 0)?.person ?? null,
  );
  readonly skipped = $derived(this.people.items.reduce((sum, asked) => sum + asked.skipped, 0));

  #ahead: { person: number; list: CursorList<Suggestion> } | null = null;
  /** Rises with each going back to a question. */
  #back = 0;
  #answered = new Map<number, { person: number; face: number }>();

  async start(person: number | null): Promise<void> {
    await this.people.reload("first");
    if (person !== null || this.person === null) await this.show(person ?? this.next);
  }

  async show(person: number | null): Promise<void> {
    if (person === this.person && this.list) return;
    const ready = this.#ahead?.person === person ? this.#ahead.list : null;
    this.#ahead = null;
    this.person = person;
    this.at = 0;
    this.list = person === null ? null : (ready ?? listOf(person));
    if (this.list && !this.list.loaded) await this.list.more();
    this.prepare();
  }

  /** Reads what comes next before it is needed: more of this person, or the next one's. */
  prepare(): void {
    if (!this.list || this.items.length - this.at > NEAR_END) return;
    if (!this.list.complete) void this.list.more();
    else if (this.next !== null && this.#ahead?.person !== this.next) {
      this.#ahead = { person: this.next, list: listOf(this.next) };
      void this.#ahead.list.more();
    }
  }

  /** The questions that come next, for their pictures. */
  get coming(): Suggestion[] {
    const rest = this.items.slice(this.at + 1, this.at + 4);
    return rest.length > 0 ? rest : (this.#ahead?.list.items.slice(0, 2) ?? []);
  }

  step(by: 1 | -1): void {
    this.at = Math.max(0, Math.min(this.at + by, this.items.length - 1));
    this.prepare();
  }

  /** Answers, and goes on. */
  answer(given: Given): void {
    const { items, answer } = given;
    if (items.length === 0) return;
    const list = this.list;
    const gone = new Set(items.map((asked) => asked.face));
    if (answer === "skip") {
      this.#putOff(items);
      if (this.again) this.at = (this.at + 1) % this.items.length;
    } else {
      list?.edit((asked) => (gone.has(asked.face) ? null : asked));
      this.#count(items, -1);
    }
    this.at = Math.max(0, Math.min(this.at, this.items.length - 1));
    this.prepare();
    const run = () => this.#send(given, list);
    const sent = undoing.pending.then(run, run);
    undoing.pending = sent;
  }

  /** A decision was taken back or done again: questions are there again, or gone. */
  async turned(decision: number): Promise<void> {
    await this.people.reload("first");
    const was = this.#answered.get(decision);
    this.#back += 1;
    this.#ahead = null;
    if (was) await this.#reopen(was.person, (list) => {
      const back = list.items.find((asked) => asked.face === was.face);
      // It may have been put off before it was answered; now it is what the user wants to see.
      return back?.skipped ? [back] : [];
    });
    else if (this.list) await this.list.reload();
    if (!this.list) await this.show(this.next);
    const found = was ? this.items.findIndex((asked) => asked.face === was.face) : -1;
    this.at = found >= 0 ? found : 0;
    questions.read();
  }

  /** More may have come about this person since; else there is the next one. Gives who is asked about now. */
  async goOn(): Promise<number | null> {
    const back = this.#back;
    await undoing.pending;
    if (back === this.#back) await this.list?.reload("first");
    if (this.items.length > 0) return this.person;
    await this.people.reload("first");
    // Meanwhile the user may have gone back to a question.
    if (back === this.#back) await this.show(this.next);
    return this.person;
  }

  async #send(given: Given, list: CursorList<Suggestion> | null): Promise<void> {
    const decision = await send(given);
    const first = given.items[0];
    if (decision === false) {
      list?.putBack(...given.items);
      if (given.answer !== "skip") this.#count(given.items, 1);
      if (list === this.list) this.at = 0;
    } else if (decision !== null && first) {
      this.#answered.set(decision, { person: first.person, face: first.face });
    }
    questions.read();
  }

  // Put off: still asked, but last. The server keeps no decision of it, so taking it back is our own doing.
  #putOff(items: readonly Suggestion[]): void {
    const list = this.list;
    const faces = new Set(items.map((asked) => asked.face));
    list?.edit((asked) => (faces.has(asked.face) ? { ...asked, skipped: true } : asked));
    this.#skips(items, 1);
    undoing.noted(doneWords("skip", items.length, ""), () => {
      this.#skips(items, -1);
      void this.#revisit(items);
    });
  }

  async #revisit(items: readonly Suggestion[]): Promise<void> {
    const [first] = items;
    if (!first) return;
    this.#back += 1;
    await this.#reopen(first.person, () => items);
  }

  // Read in full before it is shown: while nothing is left in it, the page would go on to the next person.
  async #reopen(person: number, first: (list: CursorList<Suggestion>) => readonly Suggestion[]): Promise<void> {
    const list = listOf(person);
    await list.more();
    const back = first(list);
    if (back.length > 0) list.putBack(...back.map((asked) => ({ ...asked, skipped: false })));
    this.person = person;
    this.list = list;
    this.at = 0;
    this.prepare();
  }

  #skips(items: readonly Suggestion[], by: 1 | -1): void {
    const person = items[0]?.person;
    const more = by * items.length;
    this.people.edit((asked) => (asked.person === person ? { ...asked, skipped: asked.skipped + more } : asked));
  }

  #count(items: readonly Suggestion[], by: 1 | -1): void {
    const person = items[0]?.person;
    const more = by * items.length;
    this.people.edit((asked) =>
      asked.person === person ? { ...asked, suggestions: Math.max(0, asked.suggestions + more) } : asked,
    );
    questions.answered(-more);
  }

  #open(asked: SuggestedPerson): number {
    return this.again ? asked.suggestions : asked.suggestions - asked.skipped;
  }
}
