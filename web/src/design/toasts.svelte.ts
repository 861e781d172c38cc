/** Short words about what just happened; the newest last. Errors stay until they are closed. */

export interface Toast {
  id: number;
  tone: "done" | "notice" | "danger";
  text: string;
  detail: string;
}

const LASTS_MS = 6000;
let next = 0;

export const toasts = $state<Toast[]>([]);

export function say(text: string, tone: Toast["tone"] = "done", detail = ""): void {
  const id = ++next;
  toasts.push({ id, tone, text, detail });
  while (toasts.length > 3) toasts.shift();
  if (tone === "done") setTimeout(() => dismiss(id), LASTS_MS);
}

export function dismiss(id: number): void {
  const at = toasts.findIndex((toast) => toast.id === id);
  if (at >= 0) toasts.splice(at, 1);
}
