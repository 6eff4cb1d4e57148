// Runs before the first paint so that a chosen theme never flashes. A file of its own because inline scripts are refused.
try {
  const chosen = localStorage.getItem("qd.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // No storage: the system's theme it is.
}
