/** What can go wrong with a request: the server's answer (RFC 9457) or no answer at all. */

export class Problem extends Error {
  constructor(
    /** Stable, such as `conflict`, `not_found`, `usage`; `offline` where no answer came. */
    readonly code: string,
    message: string,
    readonly hint = "",
    /** With `conflict`: what was decided since the user looked, newest first, a line each. */
    readonly since: readonly string[] = [],
  ) {
    super(message);
  }
}

export function problemFrom(status: number, body: unknown): Problem {
  const said = isRecord(body) ? body : {};
  const code = text(said["code"]) || (status === 404 ? "not_found" : "internal");
  const message = text(said["detail"]) || text(said["title"]) || `The server answered with status ${status}.`;
  return new Problem(code, message, text(said["hint"]), lines(said["since"]));
}

export function offline(): Problem {
  return new Problem("offline", "facekeep is not answering.", "Nothing was changed. Try again when it is back.");
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  throw error;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function lines(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((line) => typeof line === "string") : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
