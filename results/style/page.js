"use strict";
// Draws the runs over two quantities: a mark for each run, which is a link to its report,
// and for each curve the means over seeds with a band from the lowest to the highest seed.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const plot = byId("plot"), panel = byId("run");
  let W = 640, H = 420; // in pixels, so that texts have one size on all screens
  const left = 58, right = 14, top = 14, bottom = 46;
  const hidden = new Set();
  let zoom = null; // {x: [from, to], y: [from, to]} in units of the axes; null: everything
  let touched = null; // the run that a finger has chosen

  const element = (name, attributes, parent) => {
    const e = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
    if (parent) parent.appendChild(e);
    return e;
  };
  const html = (name, text, parent, className) => {
    const e = document.createElement(name);
    if (text !== "") e.textContent = text;
    if (className) e.className = className;
    if (parent) parent.appendChild(e);
    return e;
  };
  const number = (v) => {
    if (v === null) return "–";
    const a = Math.abs(v);
    return a >= 1e5 || (a > 0 && a < 1e-3) ? v.toExponential(2) : String(+v.toPrecision(4));
  };

  // A scale maps values to pixels; t is what it is linear in.
  const scale = (values, log, from, to, limits) => {
    const t = log ? Math.log10 : (v) => v, back = log ? (v) => 10 ** v : (v) => v;
    let [lo, hi] = limits ? limits.map(t) : [Math.min(...values.map(t)), Math.max(...values.map(t))];
    if (!limits) {
      const pad = (hi - lo) * 0.05 || Math.abs(lo) * 0.1 || 0.5;
      lo -= pad;
      hi += pad;
    }
    const at = (v) => from + (t(v) - lo) / (hi - lo) * (to - from);
    const value = (pixel) => back(lo + (pixel - from) / (to - from) * (hi - lo));
    return { at, value, lo: back(lo), hi: back(hi), ticks: ticks(back(lo), back(hi), log) };
  };
  const ticks = (lo, hi, log) => {
    const out = [];
    if (log && hi / lo > 2.5) {
      const decades = Math.log10(hi / lo);
      const steps = decades > 4 ? [1] : decades > 1.3 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 7];
      for (let k = Math.floor(Math.log10(lo)); k <= Math.log10(hi); k++)
        for (const m of steps) if (m * 10 ** k >= lo && m * 10 ** k <= hi) out.push(m * 10 ** k);
      return out;
    }
    const rough = (hi - lo) / 6, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].find((m) => m * power >= rough) * power;
    for (let v = Math.ceil(lo / step) * step; v <= hi + step * 1e-9; v += step) out.push(+v.toPrecision(10));
    return out;
  };

  const axes = () => ({ x: +byId("x").value, y: +byId("y").value, logx: byId("logx").checked, logy: byId("logy").checked });
  const known = (run, a) => {
    const x = run.values[a.x], y = run.values[a.y];
    return x !== null && y !== null && (!a.logx || x > 0) && (!a.logy || y > 0);
  };
  const mean = (list) => list.reduce((sum, v) => sum + v, 0) / list.length;

  let scales = null;
  const draw = () => {
    const a = axes();
    const runs = data.runs.filter((r) => !hidden.has(r.curve) && known(r, a));
    W = Math.max(300, Math.min(760, plot.clientWidth));
    H = Math.round(Math.max(300, 0.62 * W));
    plot.textContent = "";
    const svg = element("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": "results of runs" }, plot);
    if (runs.length === 0) {
      element("text", { x: W / 2, y: H / 2, "text-anchor": "middle", fill: "var(--muted)", "font-size": 14 }, svg)
        .textContent = "no run has both quantities";
      return;
    }
    const x = scale(runs.map((r) => r.values[a.x]), a.logx, left, W - right, zoom && zoom.x);
    const y = scale(runs.map((r) => r.values[a.y]), a.logy, H - bottom, top, zoom && zoom.y);
    scales = { x, y };
    const line = (x1, y1, x2, y2, colour) => element("line", { x1, y1, x2, y2, stroke: `var(--${colour})`, "stroke-width": 0.8 }, svg);
    const text = (s, at, y, anchor) => element("text",
      { x: at, y, "text-anchor": anchor, fill: "var(--muted)", "font-size": 13 }, svg).textContent = s;
    for (const t of y.ticks) {
      line(left, y.at(t), W - right, y.at(t), "rule");
      text(number(t), left - 7, y.at(t) + 4, "end");
    }
    for (const t of x.ticks) {
      line(x.at(t), H - bottom, x.at(t), H - bottom + 5, "muted");
      text(number(t), x.at(t), H - bottom + 20, "middle");
    }
    line(left, H - bottom, W - right, H - bottom, "muted");
    line(left, top, left, H - bottom, "muted");
    text(data.quantities[a.x].name, (left + W - right) / 2, H - 8, "middle");
    const clip = element("clipPath", { id: "inside" }, svg);
    element("rect", { x: left, y: top - 8, width: W - left - right + 8, height: H - top - bottom + 8 }, clip);
    const inside = element("g", { "clip-path": "url(#inside)" }, svg);
    const bands = data.curves.filter((c, k) => !c.dense && !hidden.has(k)).length <= 4; // more hide each other
    data.curves.forEach((c, k) => curve(inside, c, runs.filter((r) => r.curve === k), a, x, y, bands));
    for (const r of runs) mark(inside, r, x.at(r.values[a.x]), y.at(r.values[a.y]));
  };

  const curve = (svg, c, runs, a, x, y, bands) => {
    if (runs.length === 0) return;
    const colour = `var(--${c.colour})`, groups = new Map();
    for (const r of runs) groups.set(r.group, [...(groups.get(r.group) || []), r]);
    const means = [...groups.values()].map((g) => {
      const ys = g.map((r) => r.values[a.y]);
      return { x: mean(g.map((r) => r.values[a.x])), y: mean(ys), low: Math.min(...ys), high: Math.max(...ys) };
    }).sort((p, q) => p.x - q.x);
    if (c.dense) {
      element("line", { x1: left, x2: W, y1: y.at(means[0].y), y2: y.at(means[0].y), stroke: colour, "stroke-dasharray": "7 3" }, svg);
      return;
    }
    const path = (points) => points.map(([px, py], i) => `${i ? "L" : "M"}${px.toFixed(1)} ${py.toFixed(1)}`).join("");
    const upper = means.map((m) => [x.at(m.x), y.at(m.high)]), lower = means.map((m) => [x.at(m.x), y.at(m.low)]).reverse();
    if (bands) element("path", { d: path([...upper, ...lower]) + "z", fill: colour, "fill-opacity": 0.1 }, svg);
    element("path", { d: path(means.map((m) => [x.at(m.x), y.at(m.y)])), fill: "none", stroke: colour, "stroke-width": 2,
      "stroke-dasharray": c.dashes }, svg);
  };

  const mark = (svg, r, x, y) => {
    const c = data.curves[r.curve];
    const a = element("a", { href: r.link || "#", "aria-label": title(r) }, svg);
    element("circle", { cx: x, cy: y, r: 11, fill: "transparent" }, a);
    const paint = { class: "dot", fill: `var(--${c.colour})`, "vector-effect": "non-scaling-stroke" };
    if (c.outline) element("path", { d: c.outline, transform: `translate(${x} ${y}) scale(4)`, ...paint }, a);
    else element("circle", { cx: x, cy: y, r: 4, ...paint }, a);
    element("title", {}, a).textContent = title(r);
    for (const event of ["pointerenter", "focus"]) a.addEventListener(event, () => show(r));
    a.addEventListener("pointerdown", (e) => { a.dataset.finger = e.pointerType === "touch" && touched !== r ? "first" : ""; });
    a.addEventListener("click", (e) => { // the first touch of a finger names the run, the second opens it
      if (!r.link || a.dataset.finger === "first") e.preventDefault();
      touched = r;
      show(r);
    });
    a.addEventListener("dragstart", (e) => e.preventDefault());
  };
  const title = (r) => `${r.name}: ${[data.curves[r.curve].label, r.point].filter(Boolean).join(", ")}, seed ${r.seed}`;

  // show names a run beside the plot, with its values and the widths of its layers.
  const show = (r) => {
    panel.hidden = false;
    panel.textContent = "";
    html("h3", title(r), panel);
    if (r.link) html("a", "open its report", html("p", "", panel, "note")).href = r.link;
    const list = html("dl", "", panel);
    data.quantities.forEach((q, i) => {
      html("dt", q.name, list);
      html("dd", number(r.values[i]), list);
    });
    if (!r.layers || r.layers.length === 0) return;
    html("h3", "Units of layers, before and after", panel);
    for (const l of r.layers) {
      const row = html("div", "", panel, "width");
      html("span", l.layer, row).title = l.layer;
      html("div", "", html("div", "", row, "bar")).style.width = `${100 * l.to / l.from}%`;
      html("span", l.from === l.to ? String(l.from) : `${l.from} → ${l.to}`, row);
    }
  };

  const names = () => data.curves.forEach((c, k) => {
    const b = html("button", "", byId("names"));
    b.type = "button";
    b.setAttribute("aria-pressed", "true");
    const key = element("svg", { width: 26, height: 12, viewBox: "0 0 26 12" }, b);
    element("path", { d: "M0 6H26", stroke: `var(--${c.colour})`, "stroke-width": 2, "stroke-dasharray": c.dense ? "7 3" : c.dashes }, key);
    if (c.outline) element("path", { d: c.outline, fill: `var(--${c.colour})`, transform: "translate(13 6) scale(4)" }, key);
    else if (!c.dense) element("circle", { cx: 13, cy: 6, r: 4, fill: `var(--${c.colour})` }, key);
    html("span", c.label, b);
    b.addEventListener("click", () => {
      if (!hidden.delete(k)) hidden.add(k);
      b.setAttribute("aria-pressed", String(!hidden.has(k)));
      draw();
    });
  });

  // Zoom: drag a rectangle with the mouse, or the buttons.
  const place = (e) => {
    const box = plot.firstChild.getBoundingClientRect();
    return [(e.clientX - box.left) * W / box.width, (e.clientY - box.top) * H / box.height];
  };
  let start = null, frame = null;
  plot.addEventListener("pointerdown", (e) => {
    if (e.pointerType === "touch" || e.button !== 0 || !scales || e.target.closest("a")) return;
    start = place(e);
    frame = element("rect", { fill: "var(--first)", "fill-opacity": 0.12, stroke: "var(--first)" }, plot.firstChild);
    e.preventDefault();
  });
  const rectangle = (e) => {
    const [x, y] = place(e);
    return { x: [Math.min(x, start[0]), Math.max(x, start[0])], y: [Math.min(y, start[1]), Math.max(y, start[1])] };
  };
  window.addEventListener("pointermove", (e) => {
    if (!start) return;
    const r = rectangle(e);
    for (const [k, v] of [["x", r.x[0]], ["y", r.y[0]], ["width", r.x[1] - r.x[0]], ["height", r.y[1] - r.y[0]]]) frame.setAttribute(k, v);
  });
  window.addEventListener("pointerup", (e) => {
    if (!start) return;
    const r = rectangle(e);
    start = null;
    frame.remove();
    if (r.x[1] - r.x[0] > 6 && r.y[1] - r.y[0] > 6) {
      zoom = { x: r.x.map(scales.x.value), y: [scales.y.value(r.y[1]), scales.y.value(r.y[0])] };
      draw();
    }
  });
  plot.addEventListener("dblclick", () => all());
  const all = () => { zoom = null; draw(); };
  const by = (factor) => () => { // about the middle of the plot
    if (!scales) return;
    const part = (s, from, to) => [0.5 - factor / 2, 0.5 + factor / 2].map((t) => s.value(from + t * (to - from)));
    zoom = { x: part(scales.x, left, W - right), y: part(scales.y, H - bottom, top) };
    draw();
  };
  byId("in").addEventListener("click", by(0.7));
  byId("out").addEventListener("click", by(1 / 0.7));
  byId("reset").addEventListener("click", all);

  for (const [id, chosen] of [["x", data.x], ["y", data.y]]) {
    data.quantities.forEach((q, i) => { html("option", q.name, byId(id)).value = i; });
    byId(id).value = chosen;
    // Values that span much are drawn on a logarithmic axis at first.
    const suggest = () => {
      const values = data.runs.map((r) => r.values[byId(id).value]).filter((v) => v !== null);
      byId("log" + id).checked = Math.min(...values) > 0 && Math.max(...values) / Math.min(...values) > 6;
    };
    suggest();
    byId(id).addEventListener("change", () => { suggest(); all(); });
    byId("log" + id).addEventListener("change", all);
  }
  names();
  draw();
  window.addEventListener("resize", draw);
  byId("controls").hidden = false;
  plot.classList.add("live");
  byId("hint").textContent = "Lines are means over seeds; bands, drawn for up to four curves besides dense, reach from the lowest to the " +
    "highest seed. Point at a mark for its run, click to open its report; drag to zoom, double-click for everything.";
})();
