"use strict";
// <div data-map="URL of the points" data-events="the events list" data-event="an event's page, with EVENT for its id">
// The points are {"clusters": [{id, label}], "coloured", "points": [[x, y, place in clusters, event id, words]], "total"}.

const MOST_IDS = 90; // a query has 100 conditions at most

async function drawMap(box) {
  const note = document.querySelector("[data-map-note]");
  const [answer] = await Promise.all([fetch(box.dataset.map), loadECharts()]);
  if (!answer.ok) { note.textContent = `The points could not be read (${answer.status}).`; return; }
  const data = await answer.json();
  if (!data.points.length) { note.textContent = "There are no clusters yet: press “Look again” on Discover."; return; }
  const drawn = data.points.length;
  note.textContent = drawn < data.total ? `The newest ${drawn.toLocaleString("en")} of ${data.total.toLocaleString("en")} events.` : `${drawn.toLocaleString("en")} events.`;
  const text = colour("--tblr-secondary"), surface = colour("--tblr-bg-surface"), line = colour("--tblr-border-color");
  const groups = new Map();
  for (const point of data.points) {
    const group = point[2] < data.coloured ? point[2] : -1;
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group).push(point);
  }
  const order = [...groups.keys()].sort((a, b) => (a < 0) - (b < 0) || a - b);
  const chart = echarts.getInstanceByDom(box) || echarts.init(box);
  const axis = { type: "value", min: -1.05, max: 1.05, show: false };
  chart.setOption({
    animation: false, textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: text },
    color: order.map((group, i) => (group < 0 ? line : `hsl(${Math.round((i * 137.5) % 360)} 62% ${i % 2 ? 62 : 48}%)`)),
    grid: { left: 4, right: 4, top: 44, bottom: 4 }, xAxis: axis, yAxis: axis,
    legend: { type: "scroll", top: 0, right: 130, left: 0, textStyle: { color: text, width: 180, overflow: "truncate" }, pageTextStyle: { color: text }, pageIconColor: text },
    tooltip: { backgroundColor: surface, borderColor: line, textStyle: { color: colour("--tblr-body-color") }, formatter: (point) => pointTip(point.data, data.clusters) },
    toolbox: { right: 4, top: 22, itemSize: 16, iconStyle: { borderColor: text } },
    brush: { toolbox: ["rect", "polygon", "clear"], throttleType: "debounce", throttleDelay: 400, brushStyle: { borderColor: text } },
    series: order.map((group) => ({
      name: group < 0 ? "Others" : data.clusters[group].label, type: "scatter", symbolSize: 5, data: groups.get(group),
      dimensions: ["x", "y", "cluster", "event", "words"], encode: { x: 0, y: 1 }, large: drawn > 2000, largeThreshold: 2000, itemStyle: { opacity: 0.75 },
    })),
  }, true);
  chart.on("click", (point) => { if (point.data?.[3]) location.href = box.dataset.event.replace("EVENT", () => encodeURIComponent(point.data[3])); });
  chart.on("brushselected", (event) => showChosen(note, box, event.batch[0].selected.flatMap((one) => one.dataIndex.map((i) => groups.get(order[one.seriesIndex])[i]))));
}

function pointTip(point, clusters) {
  const tip = document.createElement("div"), title = document.createElement("strong"), words = document.createElement("div");
  title.textContent = clusters[point[2]].label.slice(0, 80); words.textContent = point[4].slice(0, 80);
  tip.append(title, words);
  return tip;
}

// What lies in the rectangle or the loop, as a search.
function showChosen(note, box, points) {
  note.dataset.before ||= note.textContent;
  if (!points.length) { note.textContent = note.dataset.before; return; }
  const some = points.slice(0, MOST_IDS), link = document.createElement("a");
  const ids = some.map((point) => `id:"${point[3].replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`);
  link.href = `${box.dataset.events}?${new URLSearchParams({ q: ids.join(" OR "), range: "all" })}`;
  link.textContent = some.length < points.length ? `Search the first ${some.length} of ${points.length.toLocaleString("en")} events in it` : `Search the ${points.length} events in it`;
  note.replaceChildren(link);
}

document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-map]").forEach(drawMap));
addEventListener("resize", () => document.querySelectorAll("[data-map]").forEach((box) => window.echarts && echarts.getInstanceByDom(box)?.resize()));
