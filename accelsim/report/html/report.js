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
const LINEAR = { type: "linear", tickmode: "auto", dtick: null, tickvals: null, ticktext: null, autorange: true };

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

// How an axis is when it is logarithmic, and when it is not.
function scalesOf(axis) {
  const log = { type: "log", tickmode: axis.tickvals ? "array" : "auto", dtick: axis.type === "log" ? axis.dtick ?? null : null,
    tickvals: axis.tickvals ?? null, ticktext: axis.ticktext ?? null, autorange: true };
  return { log, linear: LINEAR };
}

function press(button, isLog) {
  button.setAttribute("aria-pressed", String(isLog));
}

function addToggle(button, plot, axis) {
  const name = `${button.dataset.axis}axis`;
  const scales = scalesOf(axis);
  press(button, axis.type === "log");
  button.addEventListener("click", () => {
    const isLog = button.getAttribute("aria-pressed") !== "true";
    const scale = isLog ? scales.log : scales.linear;
    const update = Object.fromEntries(Object.entries(scale).map(([key, value]) => [`${name}.${key}`, value]));
    Plotly.relayout(plot, update).then(() => press(button, isLog));
  });
}

async function draw(figure) {
  const { data, layout } = JSON.parse(figure.querySelector("script").textContent);
  if (figure.clientWidth < NARROW) {
    layout.margin = { ...layout.margin, l: 44, r: 8 };
    layout.font = { ...layout.font, size: 11 };
  }
  const plot = figure.querySelector(".live");
  const axes = { x: structuredClone(layout.xaxis), y: structuredClone(layout.yaxis) };
  figure.classList.add("is-live");
  try {
    await Plotly.newPlot(plot, data, layout, { responsive: true, displaylogo: false });
  } catch (error) {
    figure.classList.remove("is-live");
    throw error;
  }
  const tools = figure.querySelector(".tools");
  for (const button of tools.querySelectorAll("button")) addToggle(button, plot, axes[button.dataset.axis]);
  tools.hidden = tools.querySelector("button") === null;
}

async function drawAll() {
  const packed = document.getElementById("plotly");
  if (packed === null || typeof DecompressionStream === "undefined") return;
  run(await unpacked(packed.textContent));
  for (const figure of document.querySelectorAll("[data-figure]")) await draw(figure);
}

drawAll();
