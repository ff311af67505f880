// Charts of a board. The figures stand in the page as a table; here they are drawn, read by arrow keys, and drawn again when the theme or a figure changes.
import { csrfToken } from "./shell.js";

const $ = (selector, from = document) => from.querySelector(selector);
const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
const words = $("#chart-words")?.dataset || {};
const plain = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
const SIZES = words.lang === "zh-hans" ? [[1e8, 1e8, "亿"], [1e4, 1e4, "万"]] : [[1e6, 1e6, " M"], [1e4, 1e3, " k"]];
const drawn = new Map(); // element -> {chart, data, look, at: [series, point]}
const chosen = new Map(); // id of the tile -> the form its reader chose

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
// Parts differ by lightness and by pattern, not by hue alone.
const PATTERNS = [
  null,
  { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 5], rotation: -Math.PI / 4 },
  { symbol: "circle", symbolSize: 0.6, dashArrayX: [[8, 8], [0, 8, 8, 0]], dashArrayY: [6, 0] },
  { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [4, 3], rotation: 0 },
  { symbol: "triangle", symbolSize: 0.6, dashArrayX: [[9, 9], [0, 9, 9, 0]], dashArrayY: [7, 0] },
  { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 5], rotation: Math.PI / 4 },
];

function colours() {
  const named = Object.fromEntries(["c1", "c2", "c3", "c4", "c5", "c6", "grid", "text", "text-2", "border", "border-strong", "surface", "accent-text"].map((n) => [n, token(`--at-${n}`)]));
  return { ...named, main: [named.c1, named.c3, named.c4, named.c5, named.c6, named.c2] };
}

// Lying bars that do not fit under one another are not squeezed: the first ones are drawn, the last line says how many more the table has.
const ROW = 26;
function fitting(data, room) {
  const most = Math.max(3, Math.floor((room - 8) / ROW)), many = data.labels.length, [line] = data.series;
  if (many <= most) return { labels: data.labels, values: line.values, texts: line.texts };
  const kept = most - 1;
  return {
    labels: [...data.labels.slice(0, kept), words.more.replace("{n}", many - kept)],
    values: [...line.values.slice(0, kept), null], texts: [...line.texts.slice(0, kept), ""],
  };
}

// At an axis an amount is written as on a tile: ¥150 k, ¥15万.
function short(value, unit) {
  if (unit !== "money") return plain.format(value) + (unit === "percent" ? "%" : "");
  const much = Math.abs(value), [, size, word] = SIZES.find(([least]) => much >= least) || [0, 1, ""], scaled = much / size;
  return `${value < 0 ? "−" : ""}${words.sign}${plain.format(scaled.toFixed(word && scaled >= 100 ? 0 : word && scaled >= 10 ? 1 : 2))}${word}`;
}

// Few lying bars stand in the middle of their card, further from one another.
function spread(fit, data, room) {
  const many = fit.labels.length, height = Math.min(room - 8, many * 2 * ROW);
  return { height, top: fit.labels.length === data.labels.length ? Math.max(4, (room - height) / 2) : 4 };
}

function options(data, look, colour, room) {
  const font = token("--at-font").replaceAll('"', "'"), text = { color: colour["text-2"], fontFamily: font, fontSize: 12 };
  const parts = data.kind === "parts", mains = data.series.filter((line) => line.role === "main");
  const fit = parts && fitting(data, room);
  const category = {
    type: "category", data: parts ? [...fit.labels].reverse() : data.labels, axisTick: { show: false },
    axisLabel: { ...text, hideOverlap: !parts, ...(parts ? { interval: 0, width: 110, overflow: "truncate" } : {}) },
    axisLine: { show: !parts, lineStyle: { color: colour["border-strong"] } },
  };
  const value = { type: "value", show: !parts, axisLabel: { ...text, formatter: (v) => short(v, data.unit) }, splitLine: { lineStyle: { color: colour.grid } } };
  const base = {
    animation: false, textStyle: { fontFamily: font }, aria: { enabled: false },
    tooltip: { trigger: "axis", renderMode: "richText", confine: true, backgroundColor: colour.surface, borderColor: colour.border, textStyle: { color: colour.text, fontFamily: font, fontSize: 12 }, axisPointer: { type: parts || look === "bars" ? "shadow" : "line" }, formatter: (points) => tip(data, points) },
  };
  if (parts) {
    const texts = [...fit.texts].reverse();
    return { ...base, grid: { left: 4, right: 76, ...spread(fit, data, room), containLabel: true }, xAxis: value, yAxis: category, series: [{
      type: "bar", barMaxWidth: 18, name: data.series[0].name, data: [...fit.values].reverse(), itemStyle: { color: colour.c1, borderRadius: 3 },
      label: { show: true, position: "right", color: colour.text, fontFamily: font, fontSize: 12, formatter: (p) => texts[p.dataIndex] },
    }] };
  }
  return {
    ...base, grid: { left: 4, right: 12, top: data.series.length > 1 ? 34 : 12, bottom: 4, containLabel: true }, xAxis: category, yAxis: value,
    legend: { show: data.series.length > 1, left: 0, top: 0, itemWidth: 14, itemHeight: 8, textStyle: text, type: "scroll" },
    series: data.series.map((line) => one(line, look, colour, mains.indexOf(line), data)),
  };
}

function one(line, look, colour, index, { running, stacked }) {
  if (line.role === "target") {
    return { type: "line", name: line.name, data: line.values, symbol: "none", lineStyle: { color: colour.c2, width: 2, type: "dashed" }, itemStyle: { color: colour.c2 } };
  }
  const tone = line.role === "old" ? colour["border-strong"] : colour.main[index % colour.main.length];
  if (look === "bars" && line.role === "main") {
    const decal = PATTERNS[index % PATTERNS.length];
    const data = line.values.map((value, at) => (running.includes(at) ? { value, itemStyle: { opacity: 0.55, borderType: "dashed", borderColor: tone, borderWidth: 1 } } : value));
    return { type: "bar", name: line.name, data, barMaxWidth: stacked ? 40 : 26, ...(stacked ? { stack: "all" } : {}), itemStyle: { color: tone, borderRadius: stacked ? 0 : [3, 3, 0, 0], ...(decal ? { decal: { ...decal, color: colour.surface } } : {}) } };
  }
  const shape = ["circle", "triangle", "rect", "diamond"][Math.max(index, 0) % 4];
  return { type: "line", name: line.name, data: line.values, symbol: shape, symbolSize: 7, connectNulls: false, lineStyle: { color: tone, width: 2, type: line.role === "old" ? "dotted" : "solid" }, itemStyle: { color: tone } };
}

function tip(data, points) {
  const at = placeOf(data, points[0].dataIndex, points[0].name);
  if (at < 0) return points[0].name;
  const rows = data.series.map((line) => `${line.name}: ${line.texts[at]}`);
  const over = data.running.includes(at) ? ` (${words.running})` : "";
  return [`${data.labels[at]}${over}`, ...rows].join("\n");
}

// Which part or month a mark stands for; lying bars are drawn from below. -1: the line of what is left out.
function placeOf(data, index, name) {
  return data.kind === "parts" ? data.labels.indexOf(name) : index;
}

function draw(element) {
  if (!window.echarts) return;
  const held = drawn.get(element) || { data: JSON.parse(element.dataset.chart), at: [0, -1] };
  const card = element.closest(".at-card");
  held.look = chosen.get(card.id) || (element.dataset.look === "table" ? "table" : element.dataset.look);
  const table = $(".chart-table", card), asTable = held.look === "table";
  element.hidden = asTable;
  table.hidden = !asTable;
  $$("[data-form]", card).forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.form === held.look)));
  const bar = $("[data-forms]", card);
  if (bar) bar.hidden = false;
  held.chart?.dispose();
  held.chart = null;
  drawn.set(element, held);
  if (asTable) return;
  const few = held.data.kind === "parts" && element.closest(".two"); // alone in its column: no higher than its bars need
  if (few && held.data.labels.length < 4) element.style.height = element.style.minHeight = `${held.data.labels.length * 2 * ROW + 8}px`;
  held.chart = window.echarts.init(element, null, { renderer: "canvas" });
  held.chart.setOption(options(held.data, held.look, colours(), element.clientHeight));
  held.chart.on("click", (event) => further(element, placeOf(held.data, event.dataIndex, event.name)));
  element.dataset.drawn = held.look;
}

// What a row of the table leads to: a bar or a point of it does too, by mouse or by Enter.
function further(element, at) {
  const link = $$("tbody tr", $(".chart-table", element.closest(".at-card")))[at]?.querySelector("th a");
  if (link) location.assign(link.href);
}

function drawAll() {
  for (const [element, held] of drawn) {
    if (element.isConnected) continue;
    held.chart?.dispose();
    drawn.delete(element);
  }
  $$("[data-chart]").forEach(draw);
}

// --- reading by keys: left and right go through the months or parts, up and down through the series ---------------------
const STEPS = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
document.addEventListener("keydown", (event) => {
  const element = event.target instanceof Element && event.target.matches("[data-chart]") ? event.target : null;
  const held = element && drawn.get(element);
  if (!held || event.ctrlKey || event.metaKey || event.altKey) return;
  const count = held.data.labels.length, lines = held.data.series.length;
  let [line, at] = held.at;
  if (event.key === "Home") at = 0;
  else if (event.key === "End") at = count - 1;
  else if (STEPS[event.key]) {
    line = Math.min(lines - 1, Math.max(0, line + STEPS[event.key][0]));
    at = Math.min(count - 1, Math.max(0, at + STEPS[event.key][1]));
  } else if (event.key === "Enter" && at >= 0) return further(element, at);
  else if (event.key === "Escape") at = -1;
  else return;
  event.preventDefault();
  held.at = [line, at];
  say(element, held);
});

function say(element, held) {
  const [line, at] = held.at, said = $("[data-said]", element.closest(".at-card"));
  if (at < 0) {
    held.chart?.dispatchAction({ type: "hideTip" });
    said.textContent = "";
    return;
  }
  const series = held.data.series[line], name = series.name, label = held.data.labels[at];
  const value = series.values[at] === null ? series.texts[at] || words.none : series.texts[at];
  const place = words.place.replace("{n}", at + 1).replace("{count}", held.data.labels.length);
  said.textContent = `${words.of.replace("{name}", name).replace("{label}", label).replace("{text}", value)} (${place})${held.data.running.includes(at) ? `, ${words.running}` : ""}`;
  const parts = held.data.kind === "parts", shown = parts ? fitting(held.data, element.clientHeight).labels : held.data.labels;
  if (shown[at] !== label) return held.chart?.dispatchAction({ type: "hideTip" });
  held.chart?.dispatchAction({ type: "showTip", seriesIndex: parts ? 0 : line, dataIndex: parts ? shown.length - 1 - at : at });
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-form]") : null;
  if (!button) return;
  const card = button.closest(".at-card");
  chosen.set(card.id, button.dataset.form);
  draw($("[data-chart]", card));
});

// --- pictures: each chart with a line that says whose they are; the server writes the audit first ------------------------
document.addEventListener("submit", async (event) => {
  const form = event.target instanceof HTMLFormElement && event.target.matches("[data-download]") ? event.target : null;
  if (!form || !event.submitter?.matches("[data-image]")) return;
  event.preventDefault();
  form.closest("[popover]")?.hidePopover();
  const body = new FormData(form);
  body.set("as", "image");
  body.set("csrfmiddlewaretoken", csrfToken());
  const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const { watermark } = await answer.json();
  for (const [element, held] of drawn) if (held.chart && element.isConnected) await picture(element, held, watermark);
});

async function picture(element, held, watermark) {
  const card = element.closest(".at-card"), title = $("h2", card).textContent.trim(), scale = 2, pad = 16;
  const source = held.chart.renderToCanvas({ pixelRatio: scale, backgroundColor: token("--at-surface") });
  const canvas = document.createElement("canvas");
  canvas.width = source.width + 2 * pad * scale;
  canvas.height = source.height + 84 * scale;
  const pen = canvas.getContext("2d");
  pen.fillStyle = token("--at-surface");
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = token("--at-text");
  pen.font = `600 ${15 * scale}px ${token("--at-font")}`;
  pen.fillText(title, pad * scale, 30 * scale);
  pen.drawImage(source, pad * scale, 44 * scale);
  pen.fillStyle = token("--at-text-3");
  pen.font = `${11 * scale}px ${token("--at-font")}`;
  pen.fillText(watermark, pad * scale, canvas.height - 14 * scale);
  const blob = await new Promise((done) => { canvas.toBlob(done, "image/png"); });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${title.replaceAll(/[^\p{L}\p{N}]+/gu, "-")}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

const screenful = $("[data-fullscreen]");
if (screenful && document.fullscreenEnabled) {
  screenful.hidden = false;
  screenful.addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()));
}
const builder = $("[data-draw]");
if (builder) builder.hidden = true; // each choice is drawn at once
const measures = $(".builder .measures"), first = measures && $("input:checked", measures);
if (first) measures.scrollTop += first.getBoundingClientRect().top - measures.getBoundingClientRect().top - measures.clientHeight / 3;

// Paper is white: a board is printed in the light colours, with its charts as wide as their cards on the page.
const ON_PAPER = { width: 470, height: 200 }; // half of A4 across, less its margins
let before = "";
addEventListener("beforeprint", () => {
  before = document.documentElement.dataset.bsTheme || "light";
  document.documentElement.dataset.bsTheme = "light";
  drawAll();
  drawn.forEach((held) => {
    held.chart?.resize(ON_PAPER);
    held.chart?.getZr().flush(); // the page is taken now, not with the next frame
  });
});
addEventListener("afterprint", () => {
  document.documentElement.dataset.bsTheme = before;
  before = "";
  drawAll();
});

document.addEventListener("at:theme", drawAll);
document.body.addEventListener("htmx:after:swap", drawAll);
let waiting = 0;
addEventListener("resize", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => before || drawn.forEach((held) => held.chart?.resize()), 120);
});
drawAll();
