/** Why a photo could not be looked at, in plain words, and what to do about it. The codes are the server's own. */

export interface Reason {
  title: string;
  advice: string;
  /** Trying again may help without anything else having changed. */
  retry: boolean;
}

const REASONS: Record<string, Reason> = {
  missing_file: {
    title: "The file is gone",
    advice: "It was there when the folder was scanned. If you moved it, scan again: names stay with a moved photo.",
    retry: true,
  },
  library_offline: {
    title: "The folder is away",
    advice: "Plug in the disk or mount the share. facekeep goes on by itself; nothing is lost meanwhile.",
    retry: true,
  },
  unreadable: {
    title: "Cannot be read as a picture",
    advice: "The file is empty, cut off, locked with a password, or not really a picture. Replace it, and it is tried again.",
    retry: true,
  },
  too_large: {
    title: "Too large",
    advice: "It has more pixels than facekeep will open. Save a smaller copy beside it.",
    retry: false,
  },
  out_of_memory: {
    title: "Not enough memory",
    advice: "Even a smaller version did not fit. Give the machine more memory, or run fewer workers, then try again.",
    retry: true,
  },
  timeout: {
    title: "Took too long",
    advice: "A slow disk or a damaged file. It is tried again by itself, once smaller.",
    retry: true,
  },
  crashed: {
    title: "Crashed the reader",
    advice: "Only this photo was set aside; the others went on. The file is probably damaged.",
    retry: true,
  },
  storage: {
    title: "Could not be stored",
    advice: "facekeep's own disk or database had a problem: not the photo's fault. Check the free space; it is tried again.",
    retry: true,
  },
  internal: {
    title: "A mistake of facekeep's own",
    advice: "Not the photo's fault. It is tried again by itself; if it stays, please report it with the message.",
    retry: true,
  },
};

export function reasonOf(code: string): Reason {
  return REASONS[code] ?? { title: code.replaceAll("_", " "), advice: "See the message of each photo.", retry: true };
}
