"use strict";
// Triage: ticked rows and bulk keys on the lists of issues and of signals; the asked event and the note in the review queue.

const ticks = () => [...document.querySelectorAll("td.tick input")];

function countTicks() {
  const all = ticks(), ticked = all.filter((box) => box.checked);
  const count = document.querySelector("[data-tick-count]"), every = document.querySelector("[data-tick-all]");
  if (count) { count.hidden = !ticked.length; count.textContent = `${ticked.length} selected`; }
  if (every) { every.checked = ticked.length > 0 && ticked.length === all.length; every.indeterminate = ticked.length > 0 && ticked.length < all.length; }
}
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-tick-all]")) ticks().forEach((box) => { box.checked = event.target.checked; });
  if (event.target.matches("[data-tick-all], td.tick input")) countTicks();
});

// With nothing ticked an action is meant for the current row.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-bulk]") || ticks().some((box) => box.checked)) return;
  const box = document.querySelector("tr.is-current td.tick input");
  if (box) box.checked = true; else { event.preventDefault(); toast("Select rows first (x), or move to one (j, k).", "is-hint"); }
});

// A list that reads itself again keeps its current row.
let current = null;
for (const name of ["htmx:beforeSwap", "live:before"]) document.addEventListener(name, () => { current = document.querySelector("[data-keep-current] .is-current")?.dataset.number; });
for (const name of ["htmx:afterSwap", "live:after"]) document.addEventListener(name, () => {
  if (current) document.querySelector(`[data-keep-current] [data-number="${CSS.escape(current)}"]`)?.classList.add("is-current");
  countTicks();
});

// The review queue: the asked event in view (within its box: the page itself stays where it is).
function showAsked() {
  const box = document.querySelector(".review .conversation"), asked = document.getElementById("asked");
  if (!box || !asked || box.dataset.shown) return;
  box.dataset.shown = "yes";
  if (box.scrollHeight > box.clientHeight) box.scrollTop = asked.offsetTop - Math.max(16, (box.clientHeight - asked.offsetHeight) / 3);
  else if (asked.getBoundingClientRect().bottom > innerHeight) asked.scrollIntoView({ block: "start" });
  else scrollTo(0, 0);
}
document.addEventListener("DOMContentLoaded", () => { countTicks(); showAsked(); });
document.addEventListener("htmx:afterSettle", showAsked);
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-focus]");
  if (button) document.querySelector(button.dataset.focus)?.focus();
});
// Enter leaves the note, as Escape does: it is no answer.
document.addEventListener("keydown", (event) => {
  if (event.target.id === "note" && ["Escape", "Enter"].includes(event.key)) { event.preventDefault(); event.target.blur(); }
});
