/** Keys that work anywhere on a screen: a map from what was pressed to what to do. Typing is never taken over. */

export type Keymap = Record<string, (event: KeyboardEvent) => void>;

export function keyName(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey">): string | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  return event.key.length === 1 ? event.key.toLowerCase() : event.key;
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
