// What needs no server. The texts of the controls are what counts; see controls.py.
(function () {
  "use strict";
  const keep = () => window.dash_clientside.no_update;
  const triggered = () => (window.dash_clientside.callback_context.triggered || []).map((t) => t.prop_id);

  // 1, k, Ki, M, ... of `800 GB/s`; of a length, K is 1024.
  const PREFIX = { "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15,
                   Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 };
  function number(text) {
    const match = /^\s*([\d.eE+-]+)\s*(Ki|Mi|Gi|Ti|[kKMGTP])?/.exec(text || "");
    if (!match) return NaN;
    const isLength = /[KMG]\s*$/.test(text);
    const factor = match[2] === "K" ? 2 ** 10 : PREFIX[isLength && match[2] ? match[2] + "i" : match[2] || ""];
    return parseFloat(match[1]) * factor;
  }

  function nearest(numbers, value) {
    let best = 0;
    numbers.forEach((each, place) => {
      if (Math.abs(each - value) < Math.abs(numbers[best] - value)) best = place;
    });
    return best;
  }

  // A screen reader says the number of a slider, not its position.
  function speak() {
    document.querySelectorAll('.control input[type="range"]').forEach((range) => {
      const text = range.closest(".control").querySelector('input[type="text"]');
      range.setAttribute("aria-valuetext", text.value);
    });
  }

  function said(button, word) {
    const before = button.textContent;
    button.textContent = word;
    setTimeout(() => { button.textContent = before; }, 1200);
  }

  function copy(button) {
    const of = button.dataset.copy;
    const text = of === "url" ? window.location.href : document.getElementById(of).textContent;
    navigator.clipboard.writeText(text).then(
      () => said(button, "Copied"),
      () => said(button, "The browser does not allow it"));
  }

  function save(button) {
    const plot = button.closest("section").querySelector(".js-plotly-plot"), format = button.dataset.format;
    window.Plotly.downloadImage(plot, { format: format, filename: "accelsim-" + button.dataset.save,
      width: plot.offsetWidth, height: plot.offsetHeight, scale: format === "png" ? 2 : 1 });
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-copy], button[data-save]");
    if (button) (button.dataset.copy ? copy : save)(button);
  });

  // One question at a time: what is moved meanwhile is asked when the answer is there.
  const LOST_MS = 60000, SLOW_MS = 500;
  let asked = { text: null, number: 0, since: null };
  let isMoved = false, slow = 0;
  function isWaiting() {
    return asked.since !== null && performance.now() - asked.since < LOST_MS;
  }

  // An answer draws the figures in sight. Others are owed until they are scrolled to, or until
  // nothing has moved for a moment; then they come one by one.
  const REST_MS = 150;
  let owed = [], resting = 0;
  function isInSight(element) {
    const { top, bottom } = element.getBoundingClientRect();
    return bottom > 0 && top < window.innerHeight;
  }

  function inSight() {
    const graphs = [...document.querySelectorAll(".dash-graph")].filter(isInSight);
    return graphs.map((each) => JSON.parse(each.id)).filter((id) => id.kind === "figure").map((id) => id.of);
  }

  function due(isAtRest) {
    const seen = inSight(), urgent = owed.filter((name) => seen.includes(name));
    return urgent.length || !isAtRest ? urgent : owed.slice(0, 1);
  }

  // Tiles are played when all else is there and nothing moves: to draw them takes as long as an answer.
  let played = "", playing = 0;
  function playLater(query) {
    clearTimeout(playing);
    const text = /(^|&)tiles=/.test(query) ? query : "";
    if (text === played) return;
    const isFirst = !document.querySelector("#tiles > *");
    playing = setTimeout(() => {
      played = text;
      window.dash_clientside.set_props("playing", { data: text });
    }, text && !isFirst ? 2 * REST_MS : 0);
  }

  // The framework follows no circle of callbacks: what waited is asked from outside of them.
  function wake(isAtRest) {
    window.dash_clientside.set_props("idle", { data: { isAtRest: isAtRest } });
  }

  ["scroll", "resize"].forEach((event) => window.addEventListener(event, () => {
    if (owed.length && due(false).length) wake(false);
  }, { passive: true }));

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    page: {
      // A slider writes its text; a text moves its slider to the nearest position.
      follow: function (position, text, stops) {
        const from = triggered();
        if (from.length !== 1 || !stops) return [keep(), keep()];
        if (from[0].includes('"slider"')) return [stops.texts[Number(position)], keep()];
        const value = number(text);
        return [keep(), Number.isNaN(value) ? keep() : nearest(stops.numbers, value)];
      },
      ask: function (workload, a, b, choices, texts, idle) {
        isMoved = isWaiting();
        if (isMoved) return keep();
        const inputs = window.dash_clientside.callback_context.inputs_list;
        const controls = [...inputs[3], ...inputs[4]].map((each) => [each.id, each.value]);
        const question = { chosen: { workload: workload, a: a, b: b }, controls: controls };
        const text = JSON.stringify(question);
        const wanted = text === asked.text ? due(idle && idle.isAtRest) : inSight();
        if (text === asked.text && !wanted.length) return keep();
        clearTimeout(resting);
        clearTimeout(playing);
        slow = setTimeout(() => document.body.classList.add("slow"), SLOW_MS);
        asked = { text: text, number: asked.number + 1, since: performance.now() };
        return Object.assign({ number: asked.number, wanted: wanted }, question);
      },
      // Of a link that is opened too, which the framework asks for only where something is returned.
      release: function (answered) {
        window.history.replaceState(null, "", "?" + answered.query);
        requestAnimationFrame(speak);
        if (answered.number === asked.number) {
          clearTimeout(slow);
          document.body.classList.remove("slow");
          asked.since = null;
          owed = answered.owed;
          if (isMoved) setTimeout(wake, 0, false);
          if (owed.length) resting = setTimeout(wake, REST_MS, true);
        }
        playLater(answered.query);
        return true;
      },
    },
  });
})();
