/** Short words about what just happened; the newest last. Errors stay until they are closed. */

export interface Toast {
  id: number;
  tone: "done" | "notice" | "danger";
  text: string;
  detail: string;
  /** Something that can still be done about it, such as undoing it. */
  action?: { label: string; run: () => void };
}

const LASTS_MS = 6000;
const LASTS_WITH_ACTION_MS = 12000;
let next = 0;

export const toasts = $state<Toast[]>([]);

export function say(text: string, tone: Toast["tone"] = "done", detail = "", action?: Toast["action"]): void {
  const id = ++next;
  toasts.push(action ? { id, tone, text, detail, action } : { id, tone, text, detail });
  while (toasts.length > 3) toasts.shift();
  if (tone === "done") setTimeout(() => dismiss(id), action ? LASTS_WITH_ACTION_MS : LASTS_MS);
}

export function dismiss(id: number): void {
  const at = toasts.findIndex((toast) => toast.id === id);
  if (at >= 0) toasts.splice(at, 1);
}
