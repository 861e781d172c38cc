/** Counts, times and paths as people read them. English, as the whole page. */

const COUNT = new Intl.NumberFormat("en");
const DAY = new Intl.DateTimeFormat("en", { year: "numeric", month: "long", day: "numeric" });
const MOMENT = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });

export function count(number: number): string {
  return COUNT.format(number);
}

export function plural(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** What is left, rounded as coarsely as the guess deserves. */
export function timeLeft(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "";
  if (seconds < 10) return "a few seconds left";
  if (seconds < 60) return `about ${Math.round(seconds / 10) * 10} seconds left`;
  if (seconds < 3600) return `about ${plural(Math.max(1, Math.round(seconds / 60)), "minute")} left`;
  if (seconds < 86400) return `about ${plural(Math.round(seconds / 3600), "hour")} left`;
  return `about ${plural(Math.round(seconds / 86400), "day")} left`;
}

/** Photos a second, or a minute where that reads better. */
export function rate(perSecond: number): string {
  if (!(perSecond > 0)) return "";
  if (perSecond >= 10) return `${count(Math.round(perSecond))} photos a second`;
  if (perSecond >= 1) return `${perSecond.toFixed(1)} photos a second`;
  return `${plural(Math.max(1, Math.round(perSecond * 60)), "photo")} a minute`;
}

export function duration(fromIso: string, toIso: string): string {
  const seconds = Math.max(0, (Date.parse(toIso) - Date.parse(fromIso)) / 1000);
  if (seconds < 1) return "under a second";
  if (seconds < 60) return plural(Math.round(seconds), "second");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];

/** "5 minutes ago", "in 2 hours"; the date itself beyond a week. */
export function fromNow(iso: string, now = Date.now()): string {
  const seconds = (Date.parse(iso) - now) / 1000;
  if (Math.abs(seconds) > 7 * 86400) return DAY.format(new Date(iso));
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return words.format(Math.round(seconds / size), unit);
  }
  return seconds > 0 ? "in a moment" : "just now";
}

/** A wait of which the seconds count: "now", "in 12 s", "in 3 min", "in 2 h". */
export function soon(seconds: number): string {
  if (seconds < 1) return "now";
  if (seconds < 60) return `in ${Math.round(seconds)} s`;
  if (seconds < 3600) return `in ${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `in ${Math.round(seconds / 3600)} h` : `in ${Math.round(seconds / 86400)} days`;
}

/** How long nothing was heard: "just now", "12 s ago", "3 min ago". */
export function since(seconds: number): string {
  if (seconds < 3) return "just now";
  if (seconds < 60) return `${Math.round(seconds)} s ago`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h ago` : `${Math.round(seconds / 86400)} days ago`;
}

const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

export function bytes(number: number): string {
  let value = number;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

export function moment(iso: string): string {
  return MOMENT.format(new Date(iso));
}

export function day(iso: string): string {
  return DAY.format(new Date(iso));
}

/** A path's last part, and what comes before it. Either slash: paths may come from another system. */
export function splitPath(path: string): { folder: string; name: string } {
  const at = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  return { folder: path.slice(0, at + 1), name: path.slice(at + 1) };
}

/** A failure's message without the path that it begins with: the path stands above it already. */
export function withoutPath(message: string, paths: readonly string[]): string {
  const path = paths.find((one) => message.startsWith(`${one}: `));
  return path === undefined ? message : message.slice(path.length + 2);
}

/** A share from 0 to 1, or null where there is nothing to be done yet. */
export function share(done: number, waiting: number): number | null {
  const all = done + waiting;
  return all > 0 ? done / all : null;
}

const CLOCK = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/** The time of day, "14:05"; with the date where it was not today. */
export function clockTime(iso: string, now = new Date()): string {
  const then = new Date(iso);
  return then.toDateString() === now.toDateString() ? CLOCK.format(then) : moment(iso);
}
