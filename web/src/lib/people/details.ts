/** What a user says of a person beside the name: which of it was changed, and other names as they are typed. */
import type { PersonDetails, PersonEdit } from "../api/types";

/** As it stands in the form. */
export interface Draft {
  /** One name a line. */
  aliases: string;
  /** Empty where it is not known; "1990-05-02" else. */
  birth_date: string;
  notes: string;
  favourite: boolean;
  auto: boolean;
}

export function draftOf(details: PersonDetails): Draft {
  const { aliases, birth_date, notes, favourite, auto } = details;
  return { aliases: aliases.join("\n"), birth_date: birth_date ?? "", notes, favourite, auto };
}

export function namesIn(text: string): string[] {
  const names = text.split(/[\n,;]/).map((name) => name.trim());
  return [...new Set(names.filter((name) => name !== ""))];
}

/** What is otherwise than it was read; nothing else is sent, so that what somebody else changed beside it stays. */
export function changed(was: PersonDetails, now: Draft): Partial<PersonEdit> {
  const edit: Partial<PersonEdit> = {};
  const aliases = namesIn(now.aliases);
  if (aliases.join("\n") !== was.aliases.join("\n")) edit.aliases = aliases;
  const birth = now.birth_date === "" ? null : now.birth_date;
  if (birth !== was.birth_date) edit.birth_date = birth;
  if (now.notes !== was.notes) edit.notes = now.notes;
  if (now.favourite !== was.favourite) edit.favourite = now.favourite;
  if (now.auto !== was.auto) edit.auto = now.auto;
  return edit;
}

/** A draft over what somebody else has saved meanwhile: what this user changed stays theirs, the rest is the newer. */
export function rebased(was: PersonDetails, draft: Draft, now: PersonDetails): Draft {
  const mine = changed(was, draft);
  const fresh = draftOf(now);
  return {
    aliases: "aliases" in mine ? draft.aliases : fresh.aliases,
    birth_date: "birth_date" in mine ? draft.birth_date : fresh.birth_date,
    notes: "notes" in mine ? draft.notes : fresh.notes,
    favourite: "favourite" in mine ? draft.favourite : fresh.favourite,
    auto: "auto" in mine ? draft.auto : fresh.auto,
  };
}
