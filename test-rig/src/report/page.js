"use strict";
// Draws the message-sequence diagram. Only the rows in sight are in the document.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const box = document.getElementById("diagram");
  const detail = document.getElementById("detail");
  const count = document.getElementById("count");
  const LEFT = 168, ROW = 18, HEAD = 24, MARGIN = 400;
  const COLOURS = {
    "request": "#8c959f", "pre-prepare": "#0969da", "prepare": "#1b9e9e", "commit": "#2da44e",
    "checkpoint": "#8250df", "view-change": "#d4770b", "new-view": "#bf8700", "prepared": "#bf8700",
    "evidence": "#cf222e", "halt": "#cf222e",
  };
  const LIE = "#cf222e", OTHER = "#9aa4af";
  const state = { types: new Set(), phone: "", seq: "", lies: false, real: false };
  let rows = [], arrows = [], height = 0, gap = 0, width = 0;

  const isLie = (msg) => msg.second === true || msg.ignored === "bad signature" || msg.type === "garbage";
  const place = (msg) => [msg.type, msg.signer, msg.view, msg.seq ?? msg.number].join("|");
  const twins = new Map();
  for (const arrow of data.arrows) {
    const msg = arrow[5];
    if (msg.signer === undefined) continue;
    const key = place(msg);
    if (!twins.has(key)) twins.set(key, new Map());
    if (!twins.get(key).has(msg.hash)) twins.get(key).set(msg.hash, arrow);
  }

  const types = new Map();
  for (const arrow of data.arrows) types.set(arrow[5].type, (types.get(arrow[5].type) || 0) + 1);
  const chips = document.getElementById("types");
  // What neighbours tell each other about themselves is noise at first sight.
  const quiet = new Set(["status", "links", "hello", "want"]);
  for (const [name, number] of [...types].sort()) {
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.type = "checkbox";
    input.checked = !quiet.has(name);
    if (input.checked) state.types.add(name);
    input.addEventListener("change", () => {
      if (input.checked) state.types.add(name); else state.types.delete(name);
      layout();
    });
    const swatch = document.createElement("span");
    swatch.textContent = name + " " + number;
    swatch.style.color = COLOURS[name] || OTHER;
    label.append(input, swatch);
    chips.append(label);
  }

  const seconds = (us) => (us / 1e6).toFixed(3) + " s";

  function layout() {
    const phone = state.phone === "" ? null : Number(state.phone);
    const seq = state.seq === "" ? null : Number(state.seq);
    const events = [];
    arrows = [];
    for (const arrow of data.arrows) {
      const [sent, heard, lost, from, to, msg] = arrow;
      if (!state.types.has(msg.type)) continue;
      if (phone !== null && from !== phone && to !== phone) continue;
      if (seq !== null && msg.seq !== seq) continue;
      if (state.lies && !isLie(msg)) continue;
      const drawn = { sent, heard, lost, from, to, msg, a: 0, b: 0 };
      arrows.push(drawn);
      events.push([sent, drawn, "a"]);
      if (heard !== null) events.push([heard, drawn, "b"]);
    }
    for (const [at, node, kind, msg] of data.marks) {
      if (kind === "commit" && seq !== null && msg.seq !== seq) continue;
      if (phone !== null && node !== null && node !== phone) continue;
      if (state.lies) continue;
      events.push([at, { mark: true, at, node, kind, msg, a: 0, b: 0 }, "a"]);
    }
    events.sort((x, y) => x[0] - y[0]);
    rows = [];
    const first = events.length ? events[0][0] : 0;
    const last = events.length ? events[events.length - 1][0] : 0;
    // A millisecond is a pixel, or less where the run is too long for any browser.
    const scale = Math.min(1 / 1000, 8e6 / Math.max(1, last - first));
    events.forEach(([at, item, end], index) => {
      const y = HEAD + ROW / 2 + (state.real ? (at - first) * scale : index * ROW);
      item[end] = y;
      rows.push({ y, at, item, end });
    });
    height = (rows.length ? rows[rows.length - 1].y : 0) + 2 * ROW;
    count.textContent = arrows.length + " messages";
    draw();
  }

  const SVG = "http://www.w3.org/2000/svg";
  function make(parent, name, attributes, text) {
    const node = document.createElementNS(SVG, name);
    for (const key in attributes) node.setAttribute(key, attributes[key]);
    if (text !== undefined) node.textContent = text;
    parent.append(node);
    return node;
  }

  const room = document.createElement("div");
  room.className = "room";
  const head = document.createElement("div");
  head.className = "head";
  box.append(head, room);

  const x = (phone) => LEFT + gap / 2 + phone * gap;
  const name = (phone) => (data.liars.includes(phone) ? "! " : "") + phone;

  function draw() {
    gap = Math.max(40, Math.min(240, (box.clientWidth - LEFT - 24) / data.players));
    width = LEFT + gap * data.players + 16;
    room.style.height = height + "px";
    room.style.width = head.style.width = width + "px";
    const top = Math.max(0, box.scrollTop - MARGIN), bottom = box.scrollTop + box.clientHeight + MARGIN;
    room.replaceChildren();
    head.replaceChildren();
    const heads = make(head, "svg", { width, height: HEAD });
    for (let p = 0; p < data.players; p++) {
      make(heads, "text", { x: x(p), y: 16, "text-anchor": "middle" }, name(p));
    }
    const svg = make(room, "svg", { width, height: Math.max(1, Math.min(height, bottom) - top) });
    svg.style.top = top + "px";
    const g = make(svg, "g", { transform: "translate(0 " + -top + ")" });
    for (let p = 0; p < data.players; p++) {
      make(g, "line", { class: "life", x1: x(p), x2: x(p), y1: top, y2: bottom });
    }
    let lastLabel = -100;
    for (const row of rows) {
      if (row.y < top || row.y > bottom) continue;
      if (row.y - lastLabel >= ROW * 2) {
        make(g, "text", { class: "time", x: 4, y: row.y + 4 }, seconds(row.at));
        lastLabel = row.y;
      }
      if (row.item.mark) mark(g, row.item);
    }
    for (const arrow of arrows) {
      const end = arrow.heard === null ? arrow.a + ROW / 2 : arrow.b;
      if (Math.max(arrow.a, end) >= top && arrow.a <= bottom) draw_arrow(g, arrow, end);
    }
  }

  function mark(g, item) {
    const at = item.node === null ? 76 : x(item.node);
    const short = {
      "commit": "✓" + item.msg.seq, "view-left": "↷ v" + item.msg.view, "view-changed": "v" + item.msg.view,
      "caught": "proof: " + item.msg.seat, "convicted": "✗ " + item.msg.seat, "rolled": "⚂ " + (item.msg.dice || []).join("+"),
      "link-up": "+ link " + (item.msg.ends || []).join("–"), "link-down": "− link " + (item.msg.ends || []).join("–"),
      "halted": "HALT", "stalled": "stalled", "resumed": "resumed",
    }[item.msg.type] || (item.msg.what ? item.msg.what + (item.msg.type === "fault-ends" ? " ends" : "") : item.msg.type);
    const bad = ["caught", "convicted", "halted"].includes(item.msg.type);
    const text = make(g, "text", { x: at + 5, y: item.a + 4 }, short);
    if (bad) text.style.fill = LIE;
    make(g, "circle", { cx: at, cy: item.a, r: 3, fill: bad ? LIE : OTHER });
    text.style.cursor = "pointer";
    text.addEventListener("click", () => { detail.textContent = seconds(item.at) + "  " + JSON.stringify(item.msg, null, 1); });
  }

  function draw_arrow(g, arrow, end) {
    const lie = isLie(arrow.msg), colour = lie ? LIE : COLOURS[arrow.msg.type] || OTHER;
    const group = make(g, "g", { class: "arrow" + (lie ? " lie" : ""), "data-type": arrow.msg.type });
    let x2 = x(arrow.to), y2 = end;
    const open = arrow.heard === null;
    // What is lost, or still on its way at the end, is a stub.
    if (open) x2 = x(arrow.from) + (x(arrow.to) - x(arrow.from)) * 0.3;
    const line = { x1: x(arrow.from), y1: arrow.a, x2, y2 };
    make(group, "line", { ...line, class: "hit" });
    const shown = make(group, "line", { ...line, stroke: colour });
    if (open || arrow.msg.ignored) shown.setAttribute("stroke-dasharray", open ? "2 3" : "6 3");
    if (!open) {
      const length = Math.hypot(x2 - line.x1, y2 - line.y1) || 1;
      const ux = (x2 - line.x1) / length, uy = (y2 - line.y1) / length;
      const tip = [[x2, y2], [x2 - 7 * ux + 3 * uy, y2 - 7 * uy - 3 * ux], [x2 - 7 * ux - 3 * uy, y2 - 7 * uy + 3 * ux]];
      make(group, "polygon", { points: tip.map((p) => p.join(",")).join(" "), fill: colour });
    }
    make(group, "title", {}, words(arrow));
    group.addEventListener("mouseenter", () => { detail.textContent = words(arrow); });
    group.addEventListener("click", () => { detail.textContent = whole(arrow); });
  }

  function words(arrow) {
    const { type, ...rest } = arrow.msg;
    const fate = arrow.heard !== null ? "heard after " + ((arrow.heard - arrow.sent) / 1000).toFixed(1) + " ms"
      : arrow.lost ? "lost with its link" : "not heard";
    const fields = Object.entries(rest).map(([key, value]) => key + " " + (typeof value === "object" ? JSON.stringify(value) : value));
    return seconds(arrow.sent) + "  " + arrow.from + " → " + arrow.to + "  " + type + "  " + fate + "\n" + fields.join(" · ");
  }

  function whole(arrow) {
    const versions = arrow.msg.signer === undefined ? undefined : twins.get(place(arrow.msg));
    if (!versions || versions.size < 2) return words(arrow);
    const all = [...versions.values()].map(([sent, heard, lost, from, to, msg]) => words({ sent, heard, lost, from, to, msg }));
    return "Two things signed for one place:\n\n" + all.join("\n\n");
  }

  const on = (id, event, act) => document.getElementById(id).addEventListener(event, (e) => { act(e.target); layout(); });
  const phones = document.getElementById("phone");
  for (let p = 0; p < data.players; p++) phones.add(new Option("phone " + name(p), p));
  on("phone", "change", (it) => { state.phone = it.value; });
  on("seq", "input", (it) => { state.seq = it.value; });
  on("lies", "change", (it) => { state.lies = it.checked; box.scrollTop = 0; });
  on("real", "change", (it) => { state.real = it.checked; box.scrollTop = 0; });
  let waiting = false;
  const later = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; draw(); });
  };
  box.addEventListener("scroll", later);
  addEventListener("resize", later);
  layout();
})();
