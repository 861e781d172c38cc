/** Addresses of the page's screens, both ways. Ids are positive whole numbers; anything else is a missing page. */

export type Route =
  | { screen: "people" }
  | { screen: "person"; person: number }
  | { screen: "photos" }
  | { screen: "review"; person: number | null }
  | { screen: "twice" }
  | { screen: "photo"; photo: number; person: number | null }
  | { screen: "journal" }
  | { screen: "activity" }
  | { screen: "missing"; path: string };

export function parse(path: string, search = ""): Route {
  const parts = path.split("/").filter((part) => part !== "");
  const [head, tail, ...rest] = parts;
  if (rest.length > 0) return { screen: "missing", path };
  if (head === undefined) return { screen: "people" };
  if (tail === undefined && isScreen(head)) return { screen: head };
  if (head === "review") return review(tail, path, search);
  const id = wholeNumber(tail);
  if (head === "people" && id !== null) return { screen: "person", person: id };
  if (head === "photos" && id !== null) {
    return { screen: "photo", photo: id, person: wholeNumber(new URLSearchParams(search).get("person")) };
  }
  return { screen: "missing", path };
}

function review(tail: string | undefined, path: string, search: string): Route {
  if (tail === "people") return { screen: "twice" };
  if (tail !== undefined) return { screen: "missing", path };
  return { screen: "review", person: wholeNumber(new URLSearchParams(search).get("person")) };
}

export const addressOf = {
  people: () => "/",
  person: (person: number) => `/people/${person}`,
  photos: () => "/photos",
  photo: (photo: number, person: number | null = null) =>
    `/photos/${photo}${person === null ? "" : `?person=${person}`}`,
  review: (person: number | null = null) => `/review${person === null ? "" : `?person=${person}`}`,
  twice: () => "/review/people",
  journal: () => "/journal",
  activity: () => "/activity",
};

function isScreen(head: string): head is "people" | "photos" | "journal" | "activity" {
  return ["people", "photos", "journal", "activity"].includes(head);
}

function wholeNumber(text: string | null | undefined): number | null {
  return text && /^[1-9][0-9]{0,15}$/.test(text) ? Number(text) : null;
}
