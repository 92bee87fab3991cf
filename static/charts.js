"use strict";
// <div data-chart="line|bar" data-values='{"labels": [...], "series": [{"name", "values", "color"?, "type"?}], "fraction"?, "unfinished"?, "marks"?}'>
// "fraction": the values are shares. "unfinished": the last bucket is not over; its bar is paler, and the line that leads to it dashed.
// "marks": [{"at", "text"}], numbered upright lines at these buckets. A series with "edge" is the end of an interval: thin and dotted.
// Nothing here writes a style attribute or HTML: a strict content security policy holds.

const echartsUrl = document.currentScript.dataset.echarts;

function drawCharts(root) {
  if (!root.querySelector("[data-chart]")) return;
  if (!window.echarts) { loadECharts().then(() => drawCharts(root)); return; }
  const palette = ["--tblr-primary", "--tblr-orange", "--tblr-teal", "--tblr-purple", "--tblr-pink", "--tblr-lime"].map(colour);
  const text = colour("--tblr-secondary"), line = colour("--tblr-border-color"), surface = colour("--tblr-bg-surface");
  for (const box of root.querySelectorAll("[data-chart]")) {
    const data = JSON.parse(box.dataset.values), several = data.series.length > 1;
    const chart = echarts.getInstanceByDom(box) || echarts.init(box, null, { renderer: "svg" });
    chart.setOption({
      animation: false, color: palette, textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: text },
      grid: { left: 8, right: 8, top: several ? 30 : 10, bottom: 4, containLabel: true },
      legend: several ? { top: 0, left: 0, itemHeight: 8, textStyle: { color: text } } : undefined,
      tooltip: {
        trigger: "axis", backgroundColor: surface, borderColor: line, textStyle: { color: colour("--tblr-body-color") },
        formatter: (points) => tooltip(data, points[0].dataIndex),
      },
      xAxis: {
        type: "category", data: data.labels, axisTick: { show: false },
        axisLabel: { color: text, hideOverlap: true }, axisLine: { lineStyle: { color: line } },
      },
      yAxis: {
        type: "value", minInterval: data.fraction ? 0 : 1, splitLine: { lineStyle: { color: line } },
        axisLabel: { color: text, formatter: data.fraction ? (value) => shown(data, value) : undefined },
      },
      series: data.series.flatMap((series, i) => seriesOf(data, series, box.dataset.chart, palette[i % palette.length])).concat(marksOf(data, text)),
    }, true);
  }
}

function seriesOf(data, series, kind, fallback) {
  const chosen = series.color ? (series.color.startsWith("--") ? colour(series.color) : series.color) : fallback;
  const last = series.values.length - 1, type = series.type || kind;
  const common = {
    name: series.name, type, stack: data.stacked ? "all" : undefined, connectNulls: true, showSymbol: series.values.filter((value) => value !== null).length < 3, barMaxWidth: 28, color: chosen,
    lineStyle: series.edge ? { width: 1, type: "dotted" } : undefined,
    areaStyle: type === "line" && data.series.filter((one) => !one.edge).length === 1 && !series.edge ? { opacity: 0.12 } : undefined,
  };
  if (!data.unfinished || last < 1) return [{ ...common, data: series.values }];
  if (type === "bar") {
    const paler = { opacity: 0.4, borderColor: chosen, borderType: "dashed", borderWidth: 1 };
    return [{ ...common, data: series.values.map((value, i) => (i === last ? { value, itemStyle: paler } : value)) }];
  }
  const until = series.values.map((value, i) => (i < last ? value : null));
  const since = series.values.map((value, i) => (i < last - 1 ? null : value));
  return [
    { ...common, data: until },
    { ...common, data: since, lineStyle: { ...common.lineStyle, type: series.edge ? "dotted" : "dashed", opacity: 0.7 }, areaStyle: common.areaStyle && { opacity: 0.05 } },
  ];
}

function marksOf(data, color) {
  if (!data.marks?.length) return [];
  const lines = data.marks.map((mark, i) => ({ xAxis: mark.at, label: { formatter: String(i + 1), color } }));
  return [{ type: "line", data: [], markLine: { silent: true, symbol: "none", lineStyle: { color, type: "dotted" }, data: lines } }];
}

const shown = (data, value) => value === null ? "–" : (data.fraction ? `${+(value * 100).toFixed(value < 0.01 ? 2 : 1)}%` : value.toLocaleString("en"));

function tooltip(data, i) {
  const box = document.createElement("div"), title = document.createElement("div");
  title.textContent = data.labels[i] + (data.unfinished && i === data.labels.length - 1 ? ", so far" : "");
  box.append(title);
  for (const series of data.series) {
    const row = document.createElement("div"), value = document.createElement("strong");
    row.className = "chart-tip"; value.textContent = shown(data, series.values[i]);
    row.append(series.name, value); box.append(row);
  }
  return box;
}

// ECharts reads rgb(); the theme's variables hold light-dark(), oklch() and color-mix(), so that a pixel is painted and read back.
const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
function colour(variable) {
  const box = document.createElement("i");
  box.style.color = `var(${variable})`; document.body.append(box);
  probe.clearRect(0, 0, 1, 1); probe.fillStyle = getComputedStyle(box).color; probe.fillRect(0, 0, 1, 1); box.remove();
  const [red, green, blue, alpha] = probe.getImageData(0, 0, 1, 1).data;
  return `rgba(${red}, ${green}, ${blue}, ${+(alpha / 255).toFixed(3)})`;
}

let loadingECharts; // a megabyte: only for pages with a chart
function loadECharts() {
  return loadingECharts ||= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = echartsUrl; script.onload = done; script.onerror = failed; document.head.append(script);
  });
}

const charts = () => [...document.querySelectorAll("[data-chart]")].map((box) => window.echarts && echarts.getInstanceByDom(box));
addEventListener("resize", () => charts().forEach((chart) => chart?.resize()));
document.addEventListener("DOMContentLoaded", () => drawCharts(document));
document.addEventListener("htmx:afterSwap", (event) => drawCharts(event.target.parentElement || document));
document.addEventListener("htmx:beforeCleanupElement", (event) => window.echarts && echarts.getInstanceByDom(event.target)?.dispose());
