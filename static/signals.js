"use strict";
// Right or wrong by one key on the current match (without one: the first that nobody judged); then on to the next.
const matchRows = () => [...document.querySelectorAll("[data-match]")];
const isJudged = (row) => row.querySelector("[data-judge][aria-pressed=true]") !== null;
let currentMatch = null; // its link: the rows are read again whenever the project changes

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, [contenteditable]")) return;
  if (event.key !== "y" && event.key !== "n") return;
  const rows = matchRows();
  const row = rows.find((one) => one.classList.contains("is-current")) || rows.find((one) => !isJudged(one));
  const button = row?.querySelector(`[data-judge="${event.key}"]`);
  if (!button) return;
  event.preventDefault();
  if (button.getAttribute("aria-pressed") !== "true") button.click();
  const next = rows[rows.indexOf(row) + 1] || row;
  row.classList.remove("is-current"); next.classList.add("is-current"); next.scrollIntoView({ block: "nearest" });
  currentMatch = next.dataset.href;
});
document.addEventListener("htmx:afterSettle", () => {
  const rows = matchRows();
  if (currentMatch && !rows.some((row) => row.classList.contains("is-current"))) rows.find((row) => row.dataset.href === currentMatch)?.classList.add("is-current");
});
