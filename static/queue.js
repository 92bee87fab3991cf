"use strict";
// The review queue. An answer shows the next card at once, from those that came with the page, and is sent meanwhile: one after another, in their order.
// Then the page shows what the server says, but for a card that is on the screen already: what a person has begun to write there stays.
//
//   #review      data-order: the events of the cards that follow; data-held: for how many seconds they are held for this person
//   template     data-ahead: such a card, by its event; one that the page has at hand is not sent again
//   .col-lg-8    data-asked: the event of the card on the screen
const cards = new Map(); // event -> template
const unsent = []; // {url, values, column, sent}; the first is under way
let order = [], heldUntil = 0, waits = false, opened = ""; // opened: the event of the card that the address names

const reviewed = () => document.getElementById("review");
const columnOf = (review) => review.querySelector("[data-asked]");

// `since`: when the server was asked, as Date.now(); from then on the cards are held.
function takeAhead(review, since) {
  for (const template of review.querySelectorAll("template[data-ahead]")) { cards.set(template.dataset.ahead, template); template.remove(); }
  const answered = [columnOf(reviewed()).dataset.asked, ...unsent.map((one) => one.values.event)];
  order = review.dataset.order.split(" ").filter((event) => cards.has(event) && !answered.includes(event));
  for (const event of cards.keys()) if (!order.includes(event)) cards.delete(event);
  heldUntil = since + 1000 * review.dataset.held;
}

// Nothing is answered until the server has said what comes next: a key that is pressed meanwhile was meant for a card that nobody has seen.
function setWaits(now) {
  waits = now;
  const answers = reviewed().querySelector(".answers");
  answers?.toggleAttribute("inert", now);
  reviewed().querySelector(".waiting")?.remove();
  if (!now || !answers) return;
  const sign = document.createElement("div");
  sign.className = "waiting"; sign.setAttribute("role", "status");
  sign.textContent = "Your answer is on its way. Waiting for the next card…";
  answers.before(sign);
}

function showColumn(column) {
  columnOf(reviewed()).replaceWith(column);
  htmx.process(column); showAsked(); forgetOpened();
}

// The address names a card that was opened by hand only while it is the one on the screen.
function forgetOpened() {
  const address = new URL(location);
  if (!opened || columnOf(reviewed()).dataset.asked === opened) return;
  opened = ""; address.searchParams.delete("event");
  history.replaceState(history.state, "", address);
}

// A card that is held no longer may be on somebody else's screen by now.
function showNext() {
  const event = Date.now() < heldUntil ? order.shift() : undefined;
  if (event) showCard(event); else setWaits(true);
}

function showCard(event) {
  const column = columnOf(reviewed()).cloneNode(false);
  column.dataset.asked = event;
  column.append(document.importNode(cards.get(event).content, true));
  cards.delete(event);
  showColumn(column);
}

function sendFirst() {
  const one = unsent[0];
  if (!one || one.sent) return;
  one.sent = Date.now();
  const atHand = one.column ? [...cards.keys(), columnOf(reviewed()).dataset.asked] : []; // what is undone is shown anew
  const values = { ...one.values, at_hand: atHand };
  htmx.ajax("POST", one.url, { source: document.body, target: document.body, values, handler: (_, info) => received(one, info) }).catch(() => failed(one));
}

function received(one, info) {
  const { xhr } = info;
  if (new URL(xhr.responseURL).pathname === loginUrl) { location.reload(); return; }
  info.successful = xhr.status < 300; // for live.js
  if (!info.successful) { toast(`That was not stored (${xhr.status}).`); failed(one); return; }
  unsent.splice(unsent.indexOf(one), 1);
  showFresh(new DOMParser().parseFromString(xhr.responseText, "text/html").getElementById("review"), one.sent);
  sendFirst();
}

function showFresh(fresh, since) {
  const review = reviewed();
  if (!unsent.length) { // else a later answer says how things stand
    document.dispatchEvent(new Event("live:before"));
    review.querySelector(".empty-hides")?.remove();
    review.prepend(...fresh.querySelectorAll(".empty-hides"));
    const aside = fresh.querySelector("aside"), column = columnOf(fresh);
    review.querySelector("aside").replaceWith(aside); htmx.process(aside);
    const isAtHand = column.dataset.asked && !column.firstElementChild;
    if (!isAtHand) showColumn(column);
    else if (column.dataset.asked !== columnOf(review).dataset.asked) showCard(column.dataset.asked);
    setWaits(false);
    document.dispatchEvent(new Event("live:after"));
  }
  takeAhead(fresh, since);
}

// The card comes back with what was written on it.
function failed(one) {
  if (!unsent.includes(one)) return;
  unsent.splice(unsent.indexOf(one), 1);
  order = []; cards.clear();
  if (one.column) showColumn(one.column);
  setWaits(false);
  sendFirst();
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("#review .answers, #review #undo")) return;
  event.preventDefault();
  if (waits) { toast("Not taken: the next card is not here yet.", "is-hint"); return; }
  const undoes = form.id === "undo";
  const values = Object.fromEntries(new FormData(form, event.submitter));
  unsent.push({ url: form.getAttribute("action"), values, column: undoes ? null : columnOf(reviewed()) });
  if (undoes) setWaits(true); else showNext();
  sendFirst();
});

// A key that is held down, and the second half of a double click, are no answer to the card that has just come.
document.addEventListener("keydown", (event) => {
  if (!event.repeat || event.target.closest("input, textarea, select") || !(/^\w$/.test(event.key) || event.key === "Backspace")) return;
  event.preventDefault(); event.stopImmediatePropagation();
}, true);
document.addEventListener("click", (event) => {
  if (event.detail > 1 && event.target.closest("#review .answers button")) event.preventDefault();
}, true);

// Who leaves the page leaves no answer behind: the same answer twice is one label. An undo that is under way is not sent again.
addEventListener("pagehide", () => {
  for (const one of unsent.filter((waiting) => waiting.column || !waiting.sent)) {
    fetch(one.url, { method: "POST", body: new URLSearchParams(one.values), headers: { "HX-Request": "true" }, keepalive: true });
  }
});
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
document.addEventListener("DOMContentLoaded", () => {
  takeAhead(reviewed(), performance.timeOrigin);
  if (new URL(location).searchParams.has("event")) opened = columnOf(reviewed()).dataset.asked;
});
