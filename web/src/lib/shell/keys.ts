/** Keys that work anywhere on a screen: a map from what was pressed to what to do. Typing is never taken over. */

export type Keymap = Record<string, (event: KeyboardEvent) => void>;

export function keyName(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey">): string | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  return event.key.length === 1 ? event.key.toLowerCase() : event.key;
}

/** Ctrl+Z or Cmd+Z undoes; with Shift, or as Ctrl+Y, it does again. Null for other keys, and where text is edited. */
export function historyKey(event: KeyboardEvent): "undo" | "redo" | null {
  if (event.defaultPrevented || isTyping(event.target) || document.querySelector("dialog[open]")) return null;
  return historyKeyName(event);
}

export function historyKeyName(
  event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">,
): "undo" | "redo" | null {
  if (event.altKey || event.ctrlKey === event.metaKey) return null;
  const key = event.key.toLowerCase();
  if (key === "z") return event.shiftKey ? "redo" : "undo";
  return key === "y" && event.ctrlKey && !event.shiftKey ? "redo" : null;
}

/** Attach with `<svelte:window onkeydown={onKeys({...})} />`. */
export function onKeys(keymap: Keymap): (event: KeyboardEvent) => void {
  return (event) => {
    if (event.defaultPrevented || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const name = keyName(event);
    const action = name === null ? undefined : keymap[name];
    if (!action) return;
    event.preventDefault();
    action(event);
  };
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !["radio", "checkbox", "button"].includes(target.type);
}
