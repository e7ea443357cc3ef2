"use strict";

// --- tables: a click, Enter or Space on a heading sorts by it, the next one the other way ---

function valueOf(row, place) {
  const cell = row.cells[place];
  if (cell.dataset.n !== undefined) return Number(cell.dataset.n);
  return cell.textContent === "" ? null : cell.textContent;
}

function compare(one, other) {
  if (typeof one === "number" && typeof other === "number") return one - other;
  return String(one).localeCompare(String(other), "en", { numeric: true });
}

function sortBy(heading) {
  const sign = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  const body = heading.closest("table").tBodies[0];
  const keyed = [...body.rows].map((row) => [valueOf(row, heading.cellIndex), row]);
  // What has no value comes last in either order.
  keyed.sort(([one], [other]) => {
    if (one === null || other === null) return (one === null) - (other === null);
    return sign * compare(one, other);
  });
  body.append(...keyed.map(([, row]) => row));
  for (const each of heading.parentElement.cells) each.setAttribute("aria-sort", "none");
  heading.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
}

for (const button of document.querySelectorAll(".sortable th button")) {
  button.addEventListener("click", () => sortBy(button.closest("th")));
}

// --- figures: drawn by plotly in the place of their pictures ---

const NARROW = 600;
const LINEAR = { type: "linear", tickmode: "auto", dtick: null, tickvals: null, ticktext: null, ticksuffix: "", autorange: true };
const DARK = JSON.parse(document.body.dataset.dark);
// Nothing is sent anywhere: plotly would offer to upload a figure.
const CONFIG = { responsive: true, displaylogo: false, plotlyServerURL: "",
  modeBarButtonsToRemove: ["sendChartToCloud", "select2d", "lasso2d"] };
const LIGHT_LINES = [[0, "#8d9aa8"], [1, "#fee838"]];
const isDark = matchMedia("screen and (prefers-color-scheme: dark)");

async function unpacked(packed) {
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

function run(program) {
  const script = document.createElement("script");
  script.textContent = program;
  document.head.append(script);
}

// How an axis is when it is logarithmic, and when it is not: as Python says, or else as plotly does.
function scalesOf(axis, given) {
  if (given?.log) {
    const whole = { tickmode: "array", dtick: null, autorange: true };
    return { log: { ...LINEAR, ...given.log, ...(given.log.tickvals ? whole : {}) },
      linear: { ...LINEAR, ...given.linear, ...(given.linear.tickvals ? whole : {}) } };
  }
  const log = { ...LINEAR, type: "log", tickmode: axis.tickvals ? "array" : "auto",
    dtick: axis.type === "log" ? axis.dtick ?? null : null,
    tickvals: axis.tickvals ?? null, ticktext: axis.ticktext ?? null, ticksuffix: axis.ticksuffix ?? "" };
  return { log, linear: { ...LINEAR, ticksuffix: axis.ticksuffix ?? "" } };
}

function isPressed(button) {
  return button.getAttribute("aria-pressed") === "true";
}

function press(button, is) {
  button.setAttribute("aria-pressed", String(is));
}

// All axes of one direction: a figure in strips has several.
function axesOf(layout, direction) {
  return Object.keys(layout).filter((key) => key.startsWith(`${direction}axis`));
}

function addToggle(button, plot, layout) {
  const names = axesOf(layout, button.dataset.axis);
  const scales = scalesOf(layout[names[0]], layout.meta?.scales?.[button.dataset.axis]);
  press(button, layout[names[0]].type === "log");
  button.addEventListener("click", () => {
    const isLog = !isPressed(button);
    const scale = Object.entries(isLog ? scales.log : scales.linear);
    const update = Object.fromEntries(names.flatMap((name) =>
      scale.map(([key, value]) => [key === "title" ? `${name}.title.text` : `${name}.${key}`,
        key === "title" ? value.text : value])));
    Plotly.relayout(plot, update).then(() => press(button, isLog));
  });
}

// Ticks that are listed say little when few of them are in sight: then plotly makes its own.
function tickAnew(plot) {
  const update = {};
  for (const name of [...axesOf(plot.layout, "x"), ...axesOf(plot.layout, "y")]) {
    const axis = plot.layout[name];
    if (!axis.tickvals || axis.type === "category") continue;
    const ends = axis.range.map((end) => (axis.type === "log" ? 10 ** end : end));
    const [low, high] = ends.sort((one, other) => one - other);
    const mode = axis.tickvals.filter((tick) => tick >= low && tick <= high).length < 2 ? "auto" : "array";
    if ((axis.tickmode ?? "array") !== mode) update[`${name}.tickmode`] = mode;
  }
  if (Object.keys(update).length > 0) Plotly.relayout(plot, update);
}

// --- legends: a button for each series, pressed while it is shown ---

const SHAPES = {
  circle: '<circle cx="14" cy="7" r="4"/>',
  square: '<rect x="10" y="3" width="8" height="8"/>',
  "triangle-up": '<path d="M14 2.5l5 8.5h-10z"/>',
  "triangle-down": '<path d="M14 11.5l5-8.5h-10z"/>',
  diamond: '<path d="M14 2l5 5-5 5-5-5z"/>',
  cross: '<path d="M12.3 2h3.4v3.3h3.3v3.4h-3.3v3.3h-3.4v-3.3h-3.3v-3.4h3.3z"/>',
  x: '<path d="M11 2.5l3 3 3-3 1.5 1.5-3 3 3 3-1.5 1.5-3-3-3 3-1.5-1.5 3-3-3-3z"/>',
  pentagon: '<path d="M14 2.2l5 3.7-1.9 5.8h-6.2l-1.9-5.8z"/>',
};
const DASHED = { dash: "6 3", dot: "1.5 2.5", dashdot: "6 2.5 1.5 2.5" };
const HATCHED = { "/": "M2 14L14 0M14 14L26 0", "\\": "M14 14L2 0M26 14L14 0", x: "M2 14L14 0M14 14L26 0M14 14L2 0M26 14L14 0", ".": "M7 7h2M13 7h2M19 7h2" };

function swatchOf(trace) {
  const colour = trace.marker?.color ?? trace.line?.color ?? "currentColor";
  let drawn = "";
  if (trace.type === "bar") {
    const hatch = HATCHED[trace.marker?.pattern?.shape] ?? "";
    drawn = `<rect x="4" y="1" width="20" height="12" fill="${colour}"/><path d="${hatch}" stroke="white"/>`;
  } else {
    if ((trace.mode ?? "lines").includes("lines")) {
      drawn += `<path d="M0 7h28" stroke="${trace.line?.color ?? colour}" stroke-width="2" stroke-dasharray="${DASHED[trace.line?.dash] ?? ""}"/>`;
    }
    if ((trace.mode ?? "").includes("markers")) {
      const [shape, open] = String(trace.marker?.symbol ?? "circle").split("-open");
      const paint = open === undefined ? `fill="${colour}"` : `fill="none" stroke="${colour}" stroke-width="1.5"`;
      drawn += `<g ${paint} opacity="${trace.marker?.opacity ?? 1}">${SHAPES[shape] ?? SHAPES.circle}</g>`;
    }
  }
  return `<svg width="28" height="14" viewBox="0 0 28 14" aria-hidden="true">${drawn}</svg>`;
}

// plotly's texts are HTML with three letters escaped.
function plain(text) {
  return String(text).replace(/<br>/g, " ").replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
}

// What a legend names: [{ name, trace, places, isKey }], of which keys have nothing to hide.
function entriesOf(data, layout) {
  if (layout.showlegend === false) return [];
  const entries = new Map();
  data.forEach((trace, place) => {
    const key = trace.legendgroup || `#${place}`;
    const entry = entries.get(key) ?? { places: [] };
    entry.places.push(place);
    if (trace.name && trace.showlegend !== false && trace.type !== "heatmap" && trace.type !== "contour") entry.trace ??= trace;
    entries.set(key, entry);
  });
  return [...entries.values()].filter((entry) => entry.trace).map((entry) => ({ ...entry, name: plain(entry.trace.name),
    isKey: entry.places.every((place) => data[place].x?.length === 1 && data[place].x[0] === null) }));
}

function addLegend(figure, plot, data, layout) {
  const legend = figure.querySelector(".legend");
  const entries = entriesOf(data, layout);
  legend.hidden = entries.length < 2;
  if (legend.hidden) return;
  const title = layout.legend?.title?.text;
  if (title) legend.append(Object.assign(document.createElement("span"), { textContent: plain(title) }));
  for (const { name, trace, places, isKey } of entries) {
    const entry = document.createElement(isKey ? "span" : "button");
    entry.innerHTML = swatchOf(trace);
    entry.append(name);
    legend.append(entry);
    if (isKey) continue;
    entry.type = "button";
    entry.dataset.places = places.join(" ");
    press(entry, true);
    entry.addEventListener("click", () => {
      const isShown = !isPressed(entry);
      Plotly.restyle(plot, { visible: isShown }, places).then(() => press(entry, isShown));
    });
  }
}

// --- drawing, in the colours of the ground ---

// The colours of the house as they are seen on a dark ground.
function contentOf(figure) {
  const text = figure.querySelector("script").textContent;
  if (!isDark.matches) return JSON.parse(text);
  const content = JSON.parse(text, (key, value) => (typeof value === "string" ? DARK[value] ?? value : value));
  for (const trace of content.data) if (trace.contours?.coloring === "lines") trace.colorscale = LIGHT_LINES;
  return content;
}

function asChosen(figure, data, layout) {
  for (const button of figure.querySelectorAll(".legend button")) {
    if (!isPressed(button)) for (const place of button.dataset.places.split(" ")) data[place].visible = false;
  }
  for (const button of figure.querySelectorAll(".tools button[aria-pressed]")) {
    const names = axesOf(layout, button.dataset.axis);
    if (isPressed(button) === (layout[names[0]].type === "log")) continue;
    const scales = scalesOf(layout[names[0]], layout.meta?.scales?.[button.dataset.axis]);
    for (const name of names) Object.assign(layout[name], isPressed(button) ? scales.log : scales.linear);
  }
}

async function plotted(figure) {
  const { data, layout } = contentOf(figure);
  const plot = figure.querySelector(".live");
  const original = { data: structuredClone(data), layout: structuredClone(layout) };
  if (figure.clientWidth < NARROW) {
    layout.margin = { ...layout.margin, l: 44, r: 8 };
    layout.font = { ...layout.font, size: 11 };
  }
  layout.showlegend = false;
  asChosen(figure, data, layout);
  await Plotly.newPlot(plot, data, layout, CONFIG);
  plot.on("plotly_relayout", () => tickAnew(plot));
  return { plot, ...original };
}

async function draw(figure) {
  figure.classList.add("is-live");
  try {
    const { plot, data, layout } = await plotted(figure);
    const tools = figure.querySelector(".tools");
    for (const button of tools.querySelectorAll("button")) addToggle(button, plot, layout);
    tools.hidden = tools.querySelector("button") === null;
    addLegend(figure, plot, data, layout);
  } catch (error) {
    figure.classList.remove("is-live");
    throw error;
  }
}

async function redraw(figure) {
  const { data, layout } = await plotted(figure);
  const swatches = entriesOf(data, layout).map((entry) => swatchOf(entry.trace));
  figure.querySelectorAll(".legend > :has(svg)").forEach((entry, place) => {
    entry.querySelector("svg").outerHTML = swatches[place];
  });
}

async function drawAll() {
  const packed = document.getElementById("plotly");
  if (packed === null || typeof DecompressionStream === "undefined") return;
  run(await unpacked(packed.textContent));
  const figures = document.querySelectorAll("[data-figure]");
  for (const figure of figures) await draw(figure);
  isDark.addEventListener("change", () => figures.forEach(redraw));
}

drawAll();
