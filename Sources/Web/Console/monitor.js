// Draws the monitor's charts and keeps them up to date; without it the page shows the numbers in a table.

"use strict";

(() => {
  const root = document.querySelector("[data-monitor]");
  if (!root) return;

  const svgNamespace = "http://www.w3.org/2000/svg";
  const spans = {
    "10m": { points: 600, step: 1, event: "second" },
    "1d": { points: 1440, step: 60, event: "minute" },
  };
  const size = { height: 170, left: 46, right: 10, top: 10, bottom: 24 };
  // Lines of REST calls beyond this share one, as they do in what the server sends first.
  const mostCodes = 6;
  const others = "others";
  // How often the table is brought up to date.
  const secondsOfTable = 5;

  let span = "10m";
  let times = [];
  let series = {};
  let calls = {};
  let asked = 0;

  const locale = document.documentElement.lang;
  const numbers = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
  const compact = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 });
  const clock = { "10m": { hour: "2-digit", minute: "2-digit", second: "2-digit" }, "1d": { hour: "2-digit", minute: "2-digit" } };
  // As everywhere in the console, whatever the machine's own time.
  const timeText = (seconds) =>
    new Intl.DateTimeFormat(locale, { ...clock[span], hourCycle: "h23", timeZone: "UTC" }).format(seconds * 1000);

  function element(name, attributes, parent) {
    const made = document.createElementNS(svgNamespace, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (parent) parent.append(made);
    return made;
  }

  // The smallest round number that is not below a value: 1, 2 or 5 times a power of ten.
  function roundUp(value) {
    if (value <= 1) return 1;
    const power = 10 ** Math.floor(Math.log10(value));
    return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= value);
  }

  class Chart {
    constructor(section) {
      this.section = section;
      this.name = section.dataset.chart;
      this.scale = Number(section.dataset.scale);
      this.unit = section.dataset.unit;
      this.title = section.querySelector("h2").textContent;
      this.plot = section.querySelector(".plot");
      this.summary = section.querySelector("[data-summary-text]");
      this.legend = section.querySelector(".legend");
      this.svg = element("svg", { role: "img", "aria-labelledby": `chart-${this.name}`, tabindex: "0" }, this.plot);
      this.readout = document.createElement("p");
      this.readout.className = "readout";
      this.readout.hidden = true;
      // What keys point at is read out once, and not again each second as the chart moves on.
      this.spoken = document.createElement("p");
      this.spoken.className = "unseen";
      this.spoken.setAttribute("role", "status");
      this.plot.append(this.readout, this.spoken);
      this.hovered = null;
      section.hidden = false;
      this.svg.addEventListener("pointermove", (event) => this.hover(this.indexAt(event.offsetX)));
      this.svg.addEventListener("pointerleave", () => this.hover(null));
      this.svg.addEventListener("blur", () => this.hover(null));
      this.svg.addEventListener("keydown", (event) => this.key(event));
    }

    // A line for each entry of the legend; of the calls a line for each code.
    lines() {
      if (this.name === "calls") {
        const codes = Object.keys(calls).sort((one, other) => (one === others) - (other === others) || one - other);
        this.legend.replaceChildren(...codes.map((code) => {
          const item = document.createElement("li");
          item.dataset.series = code;
          const swatch = element("svg", { class: "swatch", viewBox: "0 0 32 4", "aria-hidden": "true" });
          element("path", { d: "M2 2H30" }, swatch);
          const label = document.createElement("span");
          label.textContent = code === others ? root.dataset.others : root.dataset.code.replace("{code}", code);
          item.append(swatch, label, " ", document.createElement("b"));
          return item;
        }));
      }
      const from = this.name === "calls" ? calls : series;
      return [...this.legend.children].map((item, index) => ({
        item,
        label: item.children[1].textContent,
        className: `line-${index % 7}`,
        values: (from[item.dataset.series] ?? []).map((value) => (value === null ? null : value / this.scale)),
      }));
    }

    text(value) {
      if (value === null || value === undefined) return root.dataset.nothing;
      return numbers.format(value) + (this.unit ? ` ${this.unit}` : "");
    }

    draw() {
      this.width = Math.max(240, this.plot.clientWidth);
      const { height, left, right, top, bottom } = size;
      this.inner = this.width - left - right;
      const lines = (this.current = this.lines());
      const all = lines.flatMap((line) => line.values.filter((value) => value !== null));
      const ceiling = roundUp(all.reduce((most, value) => Math.max(most, value), 0));
      this.y = (value) => top + (height - top - bottom) * (1 - value / ceiling);
      this.svg.setAttribute("viewBox", `0 0 ${this.width} ${height}`);
      this.svg.setAttribute("height", height);
      this.svg.replaceChildren();
      for (const part of [0, 0.5, 1]) {
        const y = this.y(ceiling * part);
        element("line", { x1: left, x2: this.width - right, y1: y, y2: y, class: "gridline" }, this.svg);
        element("text", { x: left - 8, y: y + 4, "text-anchor": "end" }, this.svg).textContent = compact.format(ceiling * part);
      }
      const end = times.at(-1) ?? Math.floor(Date.now() / 1000);
      this.start = end - (spans[span].points - 1) * spans[span].step;
      // Whole minutes and whole hours apart.
      const count = this.width < 420 ? 2 : span === "10m" ? 5 : 4;
      const ticks = Array.from({ length: count + 1 }, (_, index) => index / count);
      for (const part of ticks) {
        const anchor = part === 0 ? "start" : part === 1 ? "end" : "middle";
        const x = left + this.inner * part;
        element("text", { x, y: height - 6, "text-anchor": anchor }, this.svg).textContent =
          timeText(this.start + (end - this.start) * part).replace(/(:\d\d):\d\d$/, "$1");
      }
      for (const line of lines) {
        line.item.className = line.className;
        line.item.lastElementChild.textContent = this.text(line.values.at(-1));
        element("path", { d: this.path(line.values), class: `curve ${line.className}` }, this.svg);
      }
      this.marker = element("g", { class: "marker" }, this.svg);
      // Where nothing was, a hover shows nothing; elsewhere it keeps its place while the chart moves on.
      this.hover(this.hovered);
      this.describe(lines);
    }

    x(index) {
      return size.left + (this.inner * (times[index] - this.start)) / ((spans[span].points - 1) * spans[span].step);
    }

    // Pieces of a line: it is broken where there is no value, and where the server was not there.
    path(values) {
      let text = "";
      let isOpen = false;
      values.forEach((value, index) => {
        const isLate = index > 0 && times[index] - times[index - 1] > 5 * spans[span].step;
        if (value === null || times[index] < this.start) return void (isOpen = false);
        const x = this.x(index).toFixed(1);
        const y = this.y(value).toFixed(1);
        text += isOpen && !isLate ? `L${x} ${y}` : `M${x} ${y}h.01`;
        isOpen = true;
      });
      return text;
    }

    indexAt(offset) {
      if (times.length === 0) return null;
      const length = (spans[span].points - 1) * spans[span].step;
      const scaled = (offset * this.width) / this.svg.clientWidth;
      const wanted = this.start + ((scaled - size.left) / this.inner) * length;
      let nearest = 0;
      times.forEach((time, index) => {
        if (Math.abs(time - wanted) < Math.abs(times[nearest] - wanted)) nearest = index;
      });
      return nearest;
    }

    key(event) {
      const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -60, PageDown: 60 }[event.key];
      if (event.key === "Escape") this.hover(null);
      if (!step || times.length === 0) return;
      event.preventDefault();
      this.hover(Math.min(times.length - 1, Math.max(0, (this.hovered ?? times.length) + step)));
      this.spoken.textContent = this.readout.textContent;
    }

    hover(index) {
      const isThere = index !== null && index < times.length && this.current;
      this.hovered = isThere ? index : null;
      this.readout.hidden = !isThere;
      this.marker?.replaceChildren();
      if (!isThere) return;
      const x = this.x(index);
      element("line", { x1: x, x2: x, y1: size.top, y2: size.height - size.bottom }, this.marker);
      const parts = [`${timeText(times[index])} UTC`];
      for (const line of this.current) {
        const value = line.values[index];
        parts.push(`${line.label}: ${this.text(value)}`);
        if (value !== null && value !== undefined) {
          element("circle", { cx: x, cy: this.y(value), r: 3.5, class: line.className }, this.marker);
        }
      }
      this.readout.textContent = parts.join(" · ");
    }

    // What a screen reader is told, and a change of it is not read out by itself.
    describe(lines) {
      this.summary.textContent = lines.map((line) => {
        const known = line.values.filter((value) => value !== null);
        const most = known.length ? Math.max(...known) : null;
        return root.dataset.summary
          .replace("{line}", line.label)
          .replace("{now}", this.text(line.values.at(-1)))
          .replace("{most}", this.text(most));
      }).join(" ");
    }
  }

  const charts = [...root.querySelectorAll("[data-chart]")].map((section) => new Chart(section));
  const broken = document.querySelector("[data-monitor-broken]");
  const buttons = document.querySelector("[data-monitor-spans]");
  const table = document.querySelector("[data-monitor-numbers]");
  const still = document.querySelector("[data-monitor-still]");
  buttons.hidden = false;

  function drawAll() {
    if (document.visibilityState === "visible") for (const chart of charts) chart.draw();
  }

  async function load() {
    asked += 1;
    const mine = asked;
    try {
      const history = await (await ask(`${root.dataset.monitor}/history?span=${span}`)).json();
      if (mine !== asked) return;
      ({ time: times, series, calls } = history);
      broken.hidden = true;
      drawAll();
    } catch (error) {
      if (error instanceof SignedOut) leave();
      else if (mine === asked) broken.hidden = false;
    }
  }

  function take(point) {
    // What comes before the history does is in it.
    if (!series.connections || times.at(-1) >= point.time) return;
    const before = times.length;
    times.push(point.time);
    for (const [name, values] of Object.entries(series)) values.push(point[name] ?? null);
    const sums = {};
    for (const [code, count] of Object.entries(point.calls)) {
      if (!calls[code] && Object.keys(calls).length < mostCodes) calls[code] = new Array(before).fill(0);
      const line = calls[code] ? code : others;
      sums[line] = (sums[line] ?? 0) + count;
    }
    if (sums[others] && !calls[others]) calls[others] = new Array(before).fill(0);
    for (const [code, values] of Object.entries(calls)) values.push(sums[code] ?? 0);
    const excess = times.length - spans[span].points;
    if (excess > 0) {
      for (const values of [times, ...Object.values(series), ...Object.values(calls)]) values.splice(0, excess);
    }
    drawAll();
  }

  // The table, from the server: a median of ten minutes is not to be had from those of seconds.
  let isCounting = false;
  async function count() {
    if (isCounting) return;
    isCounting = true;
    try {
      const { rows } = await (await ask(`${root.dataset.monitor}/numbers`)).json();
      table.replaceChildren(...rows.map(([name, ...values]) => {
        const row = document.createElement("tr");
        const head = document.createElement("th");
        head.scope = "row";
        head.textContent = name;
        row.append(head, ...values.map((value) => {
          const cell = document.createElement("td");
          cell.className = "number";
          cell.textContent = value;
          return cell;
        }));
        return row;
      }));
      still.hidden = true;
    } catch {
      // The stream says that the server is away.
    } finally {
      isCounting = false;
    }
  }

  buttons.addEventListener("click", (event) => {
    const chosen = event.target.dataset.span;
    if (!chosen || chosen === span) return;
    span = chosen;
    for (const button of buttons.children) button.setAttribute("aria-pressed", String(button.dataset.span === span));
    load();
  });

  // A page that nobody sees listens to nothing; what it missed is in the history.
  let stream = null;
  let isOver = false;
  function follow() {
    stream?.close();
    stream = null;
    if (isOver || document.visibilityState !== "visible") return;
    stream = new EventSource(`${root.dataset.monitor}/stream`);
    for (const [name, { event }] of Object.entries(spans)) {
      stream.addEventListener(event, (message) => {
        const point = JSON.parse(message.data);
        if (span === name) take(point);
        if (event === "second" && point.time % secondsOfTable === 0) count();
      });
    }
    stream.addEventListener("open", load);
    const mine = stream;
    stream.addEventListener("error", async () => {
      // A stream does not say why it ended; another question does.
      try {
        await ask(`${root.dataset.monitor}/numbers`);
      } catch (error) {
        if (error instanceof SignedOut) return void leave();
      }
      if (mine !== stream || mine.readyState === EventSource.OPEN) return;
      broken.hidden = false;
      // Refused, as when too many pages are open: the browser does not try again by itself.
      if (mine.readyState === EventSource.CLOSED) setTimeout(follow, 10_000);
    });
  }

  // The session is over, which the page says; the connection is not to blame.
  function leave() {
    isOver = true;
    broken.hidden = true;
    follow();
  }
  document.addEventListener("visibilitychange", follow);
  window.addEventListener("resize", drawAll);
  follow();
})();
