"use strict";
// Right or wrong on a signal's match, wherever one is shown: r and w (or y and n) on the match under the focus or the pointer, else on the current row's,
// else (in a list of matches) on the first that nobody judged; z takes the last answer back. Pages' own r, w and z wait until there is none.
const judgements = []; // of this page, the newest last: {url, before: "right" | "wrong" | undefined}
let undoing = false, currentMatch = null, pointed = null; // its link: rows are read again whenever the project changes

const saidOf = (form) => form.querySelector("[aria-pressed=true]")?.dataset.judge;
const formOf = (url) => [...document.querySelectorAll("form.judge")].find((form) => form.getAttribute("action") === url);

// What lies under a pointer that rests is not pointed at: the list scrolls under it as one goes on from row to row.
let pointer = "";
document.addEventListener("pointermove", (event) => {
  const place = `${event.clientX} ${event.clientY}`;
  if (place !== pointer) { pointer = place; pointed = event.target; }
});

function aimedMatch() {
  const near = document.activeElement?.closest("[data-match]") || (pointed?.isConnected && pointed.closest("[data-match]"));
  if (near) return near;
  const row = document.querySelector("[data-row].is-current");
  const among = !row ? [...document.querySelectorAll("[data-row][data-match]")] : row.matches("[data-match]") ? [row] : [...row.querySelectorAll("[data-match]")];
  const shown = among.filter((match) => match.offsetParent && match.querySelector("form.judge"));
  return shown.find((match) => !saidOf(match)) || shown[0];
}

function judgeByKey(judgement) {
  const match = aimedMatch(), button = match?.querySelector(`[data-judge=${judgement}]`);
  if (!button) return false;
  if (button.getAttribute("aria-pressed") !== "true") button.click();
  if (!match.matches("[data-row]")) { toast(`${match.querySelector(".chip")?.textContent ?? "Match"}: ${judgement} (z takes it back)`, "is-hint"); return true; }
  pointed = null;
  const rows = [...document.querySelectorAll("[data-row][data-match]")], next = rows[rows.indexOf(match) + 1] || match;
  document.querySelectorAll("[data-row].is-current").forEach((row) => row.classList.remove("is-current"));
  next.classList.add("is-current"); next.scrollIntoView({ block: "nearest" });
  currentMatch = next.dataset.href;
  return true;
}

function undoJudgement() {
  let last, form;
  while (!form && (last = judgements.pop())) form = formOf(last.url);
  if (form?.matches(".htmx-request")) { // the answer is under way: it is taken back when it stands
    judgements.push(last);
    document.addEventListener("htmx:afterSwap", undoJudgement, { once: true });
    return true;
  }
  const button = form?.querySelector(last.before ? `[data-judge=${last.before}]` : "[aria-pressed=true]");
  if (!button) return false;
  undoing = true; button.click();
  toast("Taken back.", "is-hint");
  return true;
}

// A form that was swapped in a moment ago is not htmx's yet (it settles first): a quick z would send it as a page.
document.addEventListener("click", (event) => {
  const form = event.target.closest("form.judge");
  if (form) htmx.process(form);
}, true);

// In the capture phase: before the page's own keys.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, [contenteditable]")) return;
  if (document.querySelector("dialog[open], .modal.show")) return;
  const judgement = { r: "right", y: "right", w: "wrong", n: "wrong" }[event.key]; // y and n, too: the answers of a question
  const done = judgement ? judgeByKey(judgement) : event.key === "z" ? undoJudgement() : false;
  if (done) { event.preventDefault(); event.stopImmediatePropagation(); }
}, true);

document.addEventListener("htmx:beforeRequest", (event) => {
  if (!event.target.matches("form.judge")) return;
  if (!undoing) judgements.push({ url: event.target.getAttribute("action"), before: saidOf(event.target) });
  undoing = false;
});
for (const name of ["htmx:afterSettle", "live:after"]) document.addEventListener(name, () => {
  const rows = [...document.querySelectorAll("[data-row][data-match]")];
  if (currentMatch && !rows.some((row) => row.classList.contains("is-current"))) rows.find((row) => row.dataset.href === currentMatch)?.classList.add("is-current");
});
