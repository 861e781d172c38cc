try {
  const remembered = localStorage.getItem("facekeep.theme");
  if (remembered === "light" || remembered === "dark") document.documentElement.dataset.theme = remembered;
} catch {
  // Storage is off: the system's theme applies.
}
