/** The people shown in the grid: which of them, in which order, and what changed since they were read. */
import { people } from "../api/client";
import { CursorList } from "../api/cursor-list.svelte";
import type { Page, Person } from "../api/types";

export type Kind = "all" | "named" | "unnamed" | "hidden";

/** A person as read. `named` says how it was then: somebody who gets a name stays in place until the next reading. */
export interface Entry {
  person: Person;
  named: boolean;
}

const FILTERS = {
  all: {},
  named: { named: true },
  unnamed: { named: false },
  hidden: { hidden: true },
} as const;

class PeopleView {
  kind = $state<Kind>("all");
  query = $state("");
  list = $state.raw(listOf("all", ""));
  /** The person whose tile takes the focus; kept so that coming back finds it again. */
  focused = $state<number | null>(null);

  show(kind: Kind, query: string): void {
    if (kind === this.kind && query === this.query) return;
    this.kind = kind;
    this.query = query;
    this.focused = null;
    this.list = listOf(kind, query);
    void this.list.more();
  }

  changed(person: Person): void {
    this.list.edit((entry) => (entry.person.person === person.person ? { ...entry, person } : entry));
  }

  merged(from: number, into: Person): void {
    this.list.edit((entry) => (entry.person.person === from ? null : entry));
    this.changed(into);
  }

  /** Hidden, or shown again: gone from the list that was being looked at. */
  left(person: number): void {
    this.list.edit((entry) => (entry.person.person === person ? null : entry));
  }
}

function listOf(kind: Kind, q: string): CursorList<Entry> {
  return new CursorList<Entry>(
    async (cursor, limit) => entries(await people.list({ ...FILTERS[kind], q }, cursor, limit)),
    (entry) => entry.person.person,
    200,
  );
}

function entries(page: Page<Person>): Page<Entry> {
  return { ...page, items: page.items.map((person) => ({ person, named: person.name !== null })) };
}

export const peopleView = new PeopleView();
