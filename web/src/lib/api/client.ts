/** Every request that the page makes, typed by the generated client. Each gives its value or throws a Problem. */
import createClient from "openapi-fetch";
import { offline, problemFrom } from "./problem";
import type { paths } from "./schema";
import type {
  AnsweredAll,
  Answered,
  Change,
  Decision,
  Exemplars,
  Face,
  FacesStood,
  Failure,
  FailureCode,
  FailureCount,
  FailureDetail,
  FoundMore,
  Library,
  Moved,
  Page,
  Person,
  PersonDetails,
  PersonEdit,
  PersonParts,
  Photo,
  PhotoDetail,
  Proposal,
  ProposalAnswer,
  ProposalAnswered,
  Scan,
  Standing,
  SuggestedPerson,
  Suggestion,
  SuggestionAnswer,
  TwiceFound,
  Undone,
  Who,
  Work,
} from "./types";

const http = createClient<paths>({ baseUrl: "", fetch: (request) => globalThis.fetch(request) });

let refused: () => void = () => undefined;

/** Who is told when the server wants to know who asks: nobody has logged in, or not any more. */
export function whenRefused(told: () => void): void {
  refused = told;
}

interface Outcome {
  data?: unknown;
  error?: unknown;
  response: Response;
}

/** A change as it was stored, and the number that the journal has it under; null where nothing changed. */
export interface Decided<Value> {
  value: Value;
  decision: number | null;
}

async function decided<Value>(request: Promise<Outcome>): Promise<Decided<Value>> {
  const outcome = await arrived(request);
  const number = Number(outcome.response.headers.get("X-Facekeep-Decision"));
  return { value: outcome.data as Value, decision: number > 0 ? number : null };
}

async function answer<Value>(request: Promise<Outcome>): Promise<Value> {
  return (await arrived(request)).data as Value;
}

async function arrived(request: Promise<Outcome>): Promise<Outcome> {
  let outcome: Outcome;
  try {
    outcome = await request;
  } catch {
    throw offline();
  }
  if (outcome.response.status === 401) refused();
  if (!outcome.response.ok) throw problemFrom(outcome.response.status, outcome.error);
  return outcome;
}

/** Query values that were not given are left out of the address. */
function given<Query extends Record<string, unknown>>(query: Query): { [Key in keyof Query]: NonNullable<Query[Key]> } {
  const kept = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return Object.fromEntries(kept) as { [Key in keyof Query]: NonNullable<Query[Key]> };
}

/** Who uses the page. */
export const session = {
  get: () => answer<Who>(http.GET("/api/v1/session")),
  start: (name: string, password: string) => answer<Who>(http.POST("/api/v1/session", { body: { name, password } })),
  end: (everywhere: boolean) => answer<Who>(http.DELETE("/api/v1/session", { params: { query: { everywhere } } })),
  changePassword: (old: string, fresh: string) =>
    answer<Who>(http.PUT("/api/v1/session/password", { body: { old, new: fresh } })),
};

export interface PeopleFilter {
  named?: boolean | undefined;
  hidden?: boolean | undefined;
  q?: string | undefined;
}

const PAGE = 100;

// A listing gives codes as plain text, since a later server may know more of them; a request takes the known ones.
type Retry = { photos?: number[]; code?: FailureCode; all?: true };

export type WhatToRetry = { photos: number[] } | { code: string } | { all: true };

export const people = {
  list: (filter: PeopleFilter, cursor: string | null, limit = PAGE) =>
    answer<Page<Person>>(http.GET("/api/v1/people", { params: { query: given({ ...filter, cursor, limit }) } })),
  names: (q: string) =>
    answer<{ items: Person[] }>(http.GET("/api/v1/people/names", { params: { query: { q } } })).then((it) => it.items),
  get: (person: number) => answer<Person>(http.GET("/api/v1/people/{person}", { params: { path: { person } } })),
  change: (person: Person, change: { name?: string | null; hidden?: boolean }) =>
    decided<Person>(
      http.PATCH("/api/v1/people/{person}", {
        params: { path: { person: person.person } },
        body: { ...change, version: person.version },
      }),
    ),
  merge: (from: Person, into: Person) =>
    decided<Person>(
      http.POST("/api/v1/people/{person}/merge", {
        params: { path: { person: from.person } },
        body: { into: into.person, version: from.version },
      }),
    ),
};

/** What is said of a person beside their name, and what is known of them. */
export const about = {
  details: (person: number) =>
    answer<PersonDetails>(http.GET("/api/v1/people/{person}/details", { params: { path: { person } } })),
  edit: (person: number, version: number, edit: Partial<PersonEdit>) =>
    decided<PersonDetails>(
      http.PATCH("/api/v1/people/{person}/details", {
        params: { path: { person } },
        // What is left out stays; the generated type knows only the values that it would have by itself.
        body: { ...edit, version } as PersonEdit & { version: number },
      }),
    ),
  remove: (person: Person) =>
    decided<{ faces: number[] }>(
      http.DELETE("/api/v1/people/{person}", {
        params: { path: { person: person.person }, query: { version: person.version } },
      }),
    ),
  split: (person: number, faces: number[], name: string | null) =>
    decided<Moved>(
      http.POST("/api/v1/people/{person}/split", { params: { path: { person } }, body: { faces, name } }),
    ),
  parts: (person: number) =>
    answer<PersonParts>(http.GET("/api/v1/people/{person}/parts", { params: { path: { person } } })),
  exemplars: (person: number) =>
    answer<Exemplars>(http.GET("/api/v1/people/{person}/exemplars", { params: { path: { person } } })),
  findMore: (person: number, limit = 50) =>
    answer<FoundMore>(
      http.POST("/api/v1/people/{person}/find-more", { params: { path: { person } }, body: { limit } }),
    ),
};

export interface Asked {
  person?: number | undefined;
  minimum?: number | undefined;
}

/** Is this face that person? */
export const suggestions = {
  list: (asked: Asked, cursor: string | null, limit = PAGE) =>
    answer<Page<Suggestion>>(http.GET("/api/v1/suggestions", { params: { query: given({ ...asked, cursor, limit }) } })),
  people: (cursor: string | null, limit = PAGE) =>
    answer<Page<SuggestedPerson>>(http.GET("/api/v1/suggestions/people", { params: { query: given({ cursor, limit }) } })),
  answer: (answers: SuggestionAnswer[]) =>
    decided<{ items: Answered[] }>(http.POST("/api/v1/suggestions/answer", { body: { answers } })),
  acceptAll: (person: number, minimum: number, limit: number) =>
    decided<AnsweredAll>(
      http.POST("/api/v1/people/{person}/suggestions/accept", {
        params: { path: { person } },
        body: { minimum, limit, skipped: false },
      }),
    ),
};

/** Are these two one person? */
export const proposals = {
  list: (cursor: string | null, limit = PAGE) =>
    answer<Page<Proposal>>(http.GET("/api/v1/proposals", { params: { query: given({ cursor, limit }) } })),
  answer: (answers: ProposalAnswer[]) =>
    decided<{ items: ProposalAnswered[] }>(http.POST("/api/v1/proposals/answer", { body: { answers } })),
  find: () => answer<TwiceFound>(http.POST("/api/v1/proposals/find")),
};

export const faces = {
  list: (filter: { person?: number; photo?: number }, cursor: string | null, limit = PAGE) =>
    answer<Page<Face>>(http.GET("/api/v1/faces", { params: { query: given({ ...filter, cursor, limit }) } })),
  assign: (face: number, to: { person: number } | { name: string }) =>
    decided<Face>(http.PUT("/api/v1/faces/{face}/person", { params: { path: { face } }, body: to })),
  unassign: (face: number) =>
    decided<Face>(http.DELETE("/api/v1/faces/{face}/person", { params: { path: { face } } })),
  move: (faces: number[], to: { person: number } | { name: string }) =>
    decided<Moved>(http.POST("/api/v1/faces/move", { body: { faces, ...to } })),
  remove: (faces: number[]) =>
    decided<Moved>(http.POST("/api/v1/faces/remove", { body: { faces, reject: true } })),
  stand: (faces: number[], standing: Standing) =>
    decided<FacesStood>(http.POST("/api/v1/faces/standing", { body: { faces, standing } })),
};

export const photos = {
  list: (filter: { person?: number | undefined }, cursor: string | null, limit = PAGE) =>
    answer<Page<Photo>>(http.GET("/api/v1/photos", { params: { query: given({ ...filter, cursor, limit }) } })),
  get: (photo: number) => answer<PhotoDetail>(http.GET("/api/v1/photos/{photo}", { params: { path: { photo } } })),
};

export const failures = {
  list: (code: string, cursor: string | null, limit = PAGE) =>
    answer<Page<Failure>>(http.GET("/api/v1/failures", { params: { query: given({ code: code as FailureCode, cursor, limit }) } })),
  summary: () => answer<{ items: FailureCount[] }>(http.GET("/api/v1/failures/summary")).then((it) => it.items),
  get: (photo: number) =>
    answer<FailureDetail>(http.GET("/api/v1/failures/{photo}", { params: { path: { photo } } })),
  retry: (what: WhatToRetry) =>
    answer<{ retried: number }>(http.POST("/api/v1/failures/retry", { body: what as Retry })).then((it) => it.retried),
  giveUp: (photos: number[]) =>
    answer<{ given_up: number }>(http.POST("/api/v1/failures/give-up", { body: { photos } })).then((it) => it.given_up),
};

export interface JournalFilter {
  actor?: "user" | "machine" | undefined;
  person?: number | undefined;
}

/** What was decided, and taking it back. */
export const journal = {
  list: (filter: JournalFilter, cursor: string | null, limit = PAGE) =>
    answer<Page<Decision>>(http.GET("/api/v1/journal", { params: { query: given({ ...filter, cursor, limit }) } })),
  changes: (decision: number, cursor: string | null, limit = PAGE) =>
    answer<Page<Change>>(
      http.GET("/api/v1/journal/{decision}/changes", { params: { path: { decision }, query: given({ cursor, limit }) } }),
    ),
  undo: (decision: number) => answer<Undone>(http.POST("/api/v1/journal/{decision}/undo", { params: { path: { decision } } })),
  redo: (decision: number) => answer<Undone>(http.POST("/api/v1/journal/{decision}/redo", { params: { path: { decision } } })),
};

/** The work that goes on in all workers, and steering it. */
export const activity = {
  get: () => answer<Work>(http.GET("/api/v1/activity")),
  pause: () => answer<Work>(http.POST("/api/v1/activity/pause")),
  resume: () => answer<Work>(http.POST("/api/v1/activity/resume")),
  release: () => answer<{ workers: number }>(http.POST("/api/v1/models/release")).then((it) => it.workers),
  /** As text, for pasting. */
  report: (allowed: { paths: boolean; faces: boolean }) =>
    answer<string>(http.GET("/api/v1/report", { params: { query: { ...allowed, format: "text" } }, parseAs: "text" })),
};

export const libraries = {
  list: () => answer<{ items: Library[] }>(http.GET("/api/v1/libraries")).then((it) => it.items),
  add: (root: string) => answer<Library>(http.POST("/api/v1/libraries", { body: { root } })),
  scan: (library: number) =>
    answer<Scan>(http.POST("/api/v1/libraries/{library}/scan", { params: { path: { library } } })),
};

export const scans = {
  list: () => answer<{ items: Scan[] }>(http.GET("/api/v1/scans")).then((it) => it.items),
  stop: (scan: number) => answer<Scan>(http.POST("/api/v1/scans/{scan}/stop", { params: { path: { scan } } })),
};

/** Sizes as the server snaps them: 96, 160, 320, 640 for crops; 320, 1280, 2048 for photos. */
export const cropAddress = (face: number, size: 96 | 160 | 320 | 640) => `/api/v1/faces/${face}/crop?size=${size}`;
export const imageAddress = (photo: number, size: 320 | 1280 | 2048) => `/api/v1/photos/${photo}/image?size=${size}`;
