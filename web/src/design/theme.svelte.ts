/** Light, dark, or as the system says. Remembered in this browser; public/theme.js applies it before the first paint. */

export type Theme = "system" | "light" | "dark";

const KEY = "facekeep.theme";
const ORDER: Theme[] = ["system", "light", "dark"];

export const theme = $state({ chosen: remembered() });

export function nextTheme(current: Theme): Theme {
  return ORDER[(ORDER.indexOf(current) + 1) % ORDER.length] ?? "system";
}

export function chooseTheme(chosen: Theme): void {
  theme.chosen = chosen;
  if (chosen === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = chosen;
  remember(chosen);
}

function remembered(): Theme {
  const said = document.documentElement.dataset["theme"];
  return said === "light" || said === "dark" ? said : "system";
}

function remember(chosen: Theme): void {
  try {
    if (chosen === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, chosen);
  } catch {
    // Storage is off: the choice holds until the page is closed.
  }
}
