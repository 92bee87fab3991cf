"use strict";
// Theme, keyboard. No framework: htmx does the rest.

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-toggle-theme]")) return;
  const next = document.documentElement.getAttribute("data-bs-theme") === "dark" ? "light" : "dark";
  document.documentElement.setAttribute("data-bs-theme", next);
  localStorage.setItem("theme", next);
  drawCharts(document);
});

// The raw text of agents, on every page until it is turned off.
function showRaw(raw) {
  document.documentElement.classList.toggle("shows-raw", raw);
  for (const button of document.querySelectorAll("[data-toggle-raw]")) button.setAttribute("aria-pressed", raw);
}
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-toggle-raw]")) return;
  const raw = !document.documentElement.classList.contains("shows-raw");
  sessionStorage.setItem("raw", raw ? "yes" : ""); showRaw(raw);
});
for (const name of ["DOMContentLoaded", "htmx:afterSettle"]) document.addEventListener(name, () => showRaw(sessionStorage.getItem("raw") === "yes"));

// A row with data-href is a link wherever nothing else in it is one.
document.addEventListener("click", (event) => {
  const row = event.target.closest("[data-href]");
  if (!row || event.target.closest("a, button, input, label, select, form") || String(getSelection())) return;
  if (event.ctrlKey || event.metaKey) window.open(row.dataset.href); else location.href = row.dataset.href;
});

// <button data-copy="text">, or <button data-copy> beside the <pre> of its .snippet.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await copyText(button.dataset.copy || button.closest(".snippet").querySelector("pre").textContent);
  button.dataset.label ||= button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = button.dataset.label; }, 1200);
});

async function copyText(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea"); // plain http on a host other than localhost has no clipboard object
  area.value = text; document.body.append(area); area.select(); document.execCommand("copy"); area.remove();
}

// <form data-autosubmit>: a choice applies at once, but for fields with data-manual. <form data-clean>: empty fields stay out of the URL.
document.addEventListener("change", (event) => {
  if (event.target.form?.matches("[data-autosubmit]") && event.target.matches("select:not([data-manual])")) event.target.form.requestSubmit();
});
document.addEventListener("submit", (event) => {
  const asked = event.target.dataset.confirm;
  if (asked && !confirm(asked)) { event.preventDefault(); return; }
  if (!event.target.matches("[data-clean]")) return;
  const empty = [...event.target.elements].filter((field) => field.name && !field.value);
  empty.forEach((field) => { field.disabled = true; });
  setTimeout(() => empty.forEach((field) => { field.disabled = false; }));
});
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.filters-more[open]")) if (!open.contains(event.target)) open.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") for (const open of document.querySelectorAll("details.filters-more[open]")) open.open = false;
});

// <form data-slug-from="name">: the field "slug" follows that field until somebody writes into it.
document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (!form?.dataset.slugFrom) return;
  const slug = form.elements.slug;
  if (event.target === slug) { slug.dataset.own = slug.value ? "yes" : ""; return; }
  if (event.target.name !== form.dataset.slugFrom || slug.dataset.own || (slug.value && slug.dataset.made === undefined)) return;
  const plain = event.target.value.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  slug.value = plain.replace(/[^a-z0-9]+/g, "-").slice(0, 63).replace(/^-+|-+$/g, "");
  slug.dataset.made = "yes";
});

// <body ... data-replace-url>: a page answered to a POST takes the page's own URL, so that reloading does not send it again.
document.addEventListener("DOMContentLoaded", () => {
  const url = document.querySelector("[data-replace-url]")?.dataset.replaceUrl;
  if (url) history.replaceState(null, "", url);
});

// What htmx could not load: say so; when the session has ended, go to the login page and come back.
const loginUrl = document.currentScript.dataset.login;
document.addEventListener("htmx:beforeSwap", (event) => {
  const answered = event.detail.xhr.responseURL;
  if (answered && new URL(answered).pathname === loginUrl && location.pathname !== loginUrl) { event.detail.shouldSwap = false; location.reload(); }
});
for (const name of ["htmx:responseError", "htmx:sendError"]) {
  document.addEventListener(name, (event) => {
    if (event.detail.requestConfig?.elt?.matches("[hx-trigger*=revealed]")) return;
    toast(name === "htmx:sendError" ? "The server cannot be reached." : `That did not work (${event.detail.xhr.status}).`);
  });
}
// <button hx-post data-reads="q" data-hint="…" data-most="1000">: where the form's field has nothing to read, or more than that, the cursor goes there.
document.addEventListener("htmx:beforeRequest", (event) => {
  const { reads, hint, most } = event.target.dataset, field = reads && event.target.form.elements[reads];
  if (!field || (field.value.trim() && field.value.trim().length <= most)) return;
  event.preventDefault(); field.focus();
  toast(field.value.trim() ? `That is too long: at most ${most} characters are read.` : hint, "is-hint");
});
function toast(text, look = "") {
  let box = document.getElementById("toast");
  if (!box) { box = document.createElement("div"); box.id = "toast"; box.setAttribute("role", "status"); document.body.append(box); }
  box.textContent = text; box.className = look; box.hidden = false;
  clearTimeout(box.timer); box.timer = setTimeout(() => { box.hidden = true; }, 5000);
}

// A <details id> that is open stays open when its surroundings are read again.
let openDetails = [];
for (const name of ["htmx:beforeSwap", "live:before"]) document.addEventListener(name, () => { openDetails = [...document.querySelectorAll("details[id][open]")].map((one) => one.id); });
for (const name of ["htmx:afterSwap", "live:after"]) document.addEventListener(name, () => {
  for (const id of openDetails) { const again = document.getElementById(id); if (again) again.open = true; }
});

// Keyboard. A page's own keys are buttons or links with data-key="y"; lists mark their rows with data-row and
// answer j / k / Enter / x; "/" goes to the search box; "?" shows what there is.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, [contenteditable]")) return;
  if (document.querySelector(".modal.show") && event.key !== "?") return;
  const rows = [...document.querySelectorAll("[data-row]")];
  const current = rows.findIndex((row) => row.classList.contains("is-current"));
  const move = (to) => { rows[current]?.classList.remove("is-current"); rows[to]?.classList.add("is-current"); rows[to]?.scrollIntoView({ block: "nearest" }); };
  const named = [...document.querySelectorAll("[data-key]")].find((element) => element.dataset.key.split(" ").includes(event.key));
  if (named) { event.preventDefault(); named.click(); return; }
  if (event.key === "j" && rows.length) move(Math.min(current + 1, rows.length - 1));
  else if (event.key === "k" && rows.length) move(Math.max(current - 1, 0));
  else if (event.key === "Enter" && current >= 0 && rows[current].dataset.href && !event.target.closest("a, button, summary")) location.href = rows[current].dataset.href;
  else if (event.key === "x" && rows.length) { if (current < 0) move(0); rows[Math.max(current, 0)].querySelector("input[type=checkbox]")?.click(); }
  else if (event.key === "/") { event.preventDefault(); document.querySelector("[data-search]")?.focus(); }
  else if (event.key === "?") showKeys(rows.length > 0);
});

function showKeys(hasRows) {
  const keys = [...document.querySelectorAll("[data-key][data-key-label]")].map((element) => [element.dataset.key.split(" ").join(" or "), element.dataset.keyLabel]);
  if (hasRows) keys.push(["j / k", "next, previous row"], ["Enter", "open the row"], ["x", "select the row"]);
  if (document.querySelector("form.judge")) keys.push(["r / w or y / n", "the signal's match is right, wrong"], ["z", "undo that"]);
  if (document.querySelector("[data-search]")) keys.push(["/", "search"]);
  keys.push(["?", "this list"]);
  let dialog = document.getElementById("keys");
  if (!dialog) { dialog = document.createElement("dialog"); dialog.id = "keys"; dialog.className = "card p-3"; document.body.append(dialog); }
  dialog.replaceChildren();
  const title = document.createElement("h3"); title.textContent = "Keyboard"; dialog.append(title);
  for (const [key, label] of keys) {
    const row = document.createElement("div"); row.className = "d-flex gap-3 py-1";
    const kbd = document.createElement("kbd"); kbd.textContent = key; const text = document.createElement("span"); text.textContent = label;
    row.append(kbd, text); dialog.append(row);
  }
  dialog.onclick = () => dialog.close(); dialog.showModal();
}
