/** The values of the interface, taken from the generated client by path, so that a change of the API is a type error here. */
import type { components, paths } from "./schema";

type Answer<Path extends keyof paths> = paths[Path] extends {
  get: { responses: { 200: { content: { "application/json": infer Body } } } };
}
  ? Body
  : never;

export type Who = Answer<"/api/v1/session">;
export type Status = Answer<"/api/v1/status">;
export type Activity = Status["activity"];
export type Person = Answer<"/api/v1/people/{person}">;
export type PersonDetails = Answer<"/api/v1/people/{person}/details">;
export type PersonEdit = Omit<components["schemas"]["PersonEdit"], "version">;
export type PersonParts = Answer<"/api/v1/people/{person}/parts">;
export type Exemplars = Answer<"/api/v1/people/{person}/exemplars">;
export type FoundMore = components["schemas"]["FoundMore"];
export type Moved = components["schemas"]["Moved"];
export type FacesStood = components["schemas"]["FacesStood"];
export type Standing = FacesStood["standing"];
export type Suggestion = Answer<"/api/v1/suggestions">["items"][number];
export type SuggestedPerson = Answer<"/api/v1/suggestions/people">["items"][number];
export type SuggestionAnswer = components["schemas"]["SuggestionAnswer"];
export type Answered = components["schemas"]["Answered"];
export type AnsweredAll = components["schemas"]["AnsweredAll"];
export type Proposal = Answer<"/api/v1/proposals">["items"][number];
export type ProposalAnswer = components["schemas"]["ProposalAnswer"];
export type ProposalAnswered = components["schemas"]["ProposalAnswered"];
export type TwiceFound = components["schemas"]["TwiceFound"];
export type Face = Answer<"/api/v1/faces/{face}">;
export type Photo = Answer<"/api/v1/photos">["items"][number];
export type PhotoDetail = Answer<"/api/v1/photos/{photo}">;
export type Failure = Answer<"/api/v1/failures">["items"][number];
export type FailureCount = Answer<"/api/v1/failures/summary">["items"][number];
export type FailureCode = components["schemas"]["FailureCode"];
export type FailureDetail = Answer<"/api/v1/failures/{photo}">;
export type Decision = Answer<"/api/v1/journal/{decision}">;
export type Change = Answer<"/api/v1/journal/{decision}/changes">["items"][number];
export type Undone = components["schemas"]["Undone"];
export type Work = Answer<"/api/v1/activity">;
export type Worker = Work["workers"][number];
export type Breaker = Work["breakers"][number];
export type Library = Answer<"/api/v1/libraries">["items"][number];
export type Scan = Answer<"/api/v1/scans">["items"][number];

/** Part of a listing; `next` is the cursor of the following part, null or absent at the end. */
export interface Page<Item> {
  items: Item[];
  total: number;
  next?: string | null;
}
