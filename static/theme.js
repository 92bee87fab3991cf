// Before the first paint: the chosen theme, else the system's. (The admin keeps its choice in the same place, where "auto" is one.)
(() => {
  const chosen = localStorage.getItem("theme");
  const dark = chosen === "dark" || chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.setAttribute("data-bs-theme", dark ? "dark" : "light");
})();
