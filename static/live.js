"use strict";
// Live pages. A hint says that the project changed; then one request reads all regions that are in view (raindrop/web/regions.py).
//
// A region is an element with an id and data-live: empty for a partial of this page, else the URL of the fragment that stands in it.
//   data-live-inside      the fragment goes into the element, not in its place
//   data-unless=SELECTOR  it is not read while something on the page matches: what a person has ticked stays ticked
//   data-live-every=N     it is read every N seconds too, where no hint may come
// A region out of view stays as it is, and is read when it comes into view. So is the whole page while its tab is hidden.
// What a person changes on the page itself shows everywhere on it: that one request reads all regions. What was read before such a
// change, or during it, is not shown: it would take the change back on the page until the next request.
// While a button is pressed nothing is replaced: a press whose element is gone at the release is no click.

const LIVE_WINDOW = 2000; // ms; at most one request starts in each
let hints = 0, ownHints = 0, startedAt = -LIVE_WINDOW, timer = null, reading = false;
const readAt = new WeakMap(); // region -> `hints` when it was read; none: with the page
const changes = new Set(); // the requests by which a person changes something here

let isPressed = false;
document.addEventListener("pointerdown", (event) => { isPressed = event.button === 0; }, true);
for (const name of ["pointerup", "pointercancel"]) document.addEventListener(name, () => { isPressed = false; }, true);

async function release() {
  while (isPressed) await new Promise((resolve) => setTimeout(resolve, 50));
}

const isChanging = () => [...changes].some((request) => request.readyState !== XMLHttpRequest.DONE);

function isInView(region) {
  const box = region.getBoundingClientRect();
  return region.checkVisibility() && box.bottom >= 0 && box.top <= innerHeight;
}

function staleRegions() {
  if (!hints || document.hidden) return [];
  const isStale = (region) => { const at = readAt.get(region) || 0; return at < ownHints || (at < hints && isInView(region)); };
  return [...document.querySelectorAll("[data-live]")].filter((region) => isStale(region)
    && !(region.dataset.unless && document.querySelector(region.dataset.unless)));
}

function readSoon() {
  if (timer || reading || !staleRegions().length) return;
  timer = setTimeout(() => { timer = null; readRegions(); }, Math.max(0, startedAt + LIVE_WINDOW - performance.now()));
}

async function readRegions() {
  const regions = staleRegions(), upTo = hints;
  if (!regions.length) return;
  startedAt = performance.now(); reading = true;
  const query = new URLSearchParams();
  for (const region of regions) query.append("region", region.dataset.live || `${location.pathname}${location.search}#${region.id}`);
  try {
    const answer = await fetch(`/live/?${query}`, { headers: { "HX-Request": "true" } });
    if (answer.status === 401) { location.reload(); return; } // the session has ended: the login page, and back
    const answers = answer.ok ? (await answer.json()).regions : null;
    await release();
    if (answers && ownHints <= upTo && !isChanging()) showRegions(regions, answers, upTo);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // no network: the next hint comes with its return
  } finally { reading = false; }
  readSoon();
}

function showRegions(regions, answers, upTo) {
  if (answers.some((one) => one.status === 205)) { location.reload(); return; } // this page has become another
  const shown = regions.filter((region, place) => answers[place].html !== undefined && region.isConnected);
  document.dispatchEvent(new Event("live:before"));
  for (const region of regions) readAt.set(region, upTo);
  for (const region of shown) {
    const html = answers[regions.indexOf(region)].html, id = region.id;
    htmx.swap(region, html, { swapStyle: "liveInside" in region.dataset ? "innerHTML" : "outerHTML", swapDelay: 0, settleDelay: 20 });
    const again = document.getElementById(id);
    if (again) { readAt.set(again, upTo); drawCharts(again); }
  }
  document.dispatchEvent(new Event("live:after"));
}

function hinted() { hints += 1; readSoon(); }

function listen() {
  const project = document.body.dataset.project;
  if (!project || !document.querySelector("[data-live]")) return;
  document.body.addEventListener("changed", hinted);
  document.addEventListener("htmx:beforeSend", ({ detail }) => { if (detail.requestConfig.verb !== "get") changes.add(detail.xhr); });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    changes.delete(detail.xhr);
    if (detail.successful && detail.requestConfig.verb !== "get") { ownHints = hints + 1; hinted(); }
  });
  document.addEventListener("scroll", readSoon, { passive: true, capture: true });
  document.addEventListener("visibilitychange", readSoon);
  addEventListener("resize", readSoon);
  for (const region of document.querySelectorAll("[data-live-every]")) setInterval(hinted, 1000 * region.dataset.liveEvery);
  let wait = 1000, wasOpen = false;
  // What changed while nobody listened was not hinted: after a break anything, before the first opening what is under way.
  const mayBeStale = () => wasOpen || document.querySelector("[data-live] .progress, [data-live] .spinner-border");
  const open = () => {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/projects/${project}/`);
    socket.onopen = () => { wait = 1000; if (mayBeStale()) hinted(); wasOpen = true; };
    socket.onmessage = () => document.body.dispatchEvent(new Event("changed"));
    socket.onclose = (event) => { if (event.code !== 4403) setTimeout(open, wait = Math.min(wait * 2, 30000)); };
  };
  open();
}
document.addEventListener("DOMContentLoaded", listen);
