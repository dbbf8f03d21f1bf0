// The drawing: a lane for each thread and task, from left to right, and over it a cursor at the event that is shown.
//
//     scale "events": each event takes the same room, so that a step is a step   |▮|▮| | |▮|
//     scale "time":   room is time, so that what happens at once lies at once    ▮          ▮
//
// There are two canvases. The lanes are drawn when the view changes: another run, zoom, scroll, theme, or a cursor that has left
// the view. The cursor, and the arrow of a wake, are drawn at each step. So a step costs the same in a run of any length.
"use strict";

/** In pixels: the axis, the room of an event that is not zoomed, and the widest arrow head. */
const AXIS = 26;
const EVENT = 14;
const HEAD = 5;
/** The wakes for which arrows are drawn at once. More would hide the lanes. */
const ARROWS = 150;

class Drawing {
  /** Draws into `box`; `pick(n)` is called with the event that was clicked, and `choose(lane)` with the lane. */
  constructor(box, pick, choose) {
    this.box = box;
    this.scroll = element("div", { className: "tp-scroll" });
    this.space = element("div");
    this.lanes = element("canvas", { ariaHidden: "true" });
    this.cursor = element("canvas", { className: "tp-cursor", ariaHidden: "true" });
    this.scroll.append(this.lanes, this.space);
    box.append(this.scroll, this.cursor);
    this.n = 0;
    this.chosen = -1;
    this.scale = "events";
    new ResizeObserver(() => this.resize()).observe(box);
    this.scroll.addEventListener("scroll", () => this.draw());
    this.listen(pick, choose);
  }

  listen(pick, choose) {
    const go = (event) => {
      const { left, top } = this.lanes.getBoundingClientRect();
      const [x, y] = [event.clientX - left, event.clientY - top];
      const lane = Math.floor((y - AXIS + this.scroll.scrollTop) / this.row);
      if (event.type === "pointerdown" && y > AXIS && lane < this.count) choose(lane);
      if (x >= this.left) pick(this.eventAt(x));
    };
    this.scroll.addEventListener("pointerdown", (event) => {
      if (event.target !== this.lanes || !this.trace) return;
      this.lanes.setPointerCapture(event.pointerId);
      go(event);
    });
    this.scroll.addEventListener("pointermove", (event) => event.buttons === 1 && event.target === this.lanes && this.trace && go(event));
    // The book opens its sidebar when a finger sweeps over the page.
    this.scroll.addEventListener("touchstart", (event) => event.stopPropagation(), { passive: true });
  }

  load(trace, replay, words) {
    Object.assign(this, { trace, replay, words, n: 0, chosen: -1 });
    this.count = trace.threads.length + trace.tasks.length;
    this.scroll.scrollTop = 0;
    this.fit();
  }

  /** Where event `n` lies, in events or in nanoseconds, and where all ends. */
  place(n) {
    return this.scale === "events" ? n : n < this.trace.length ? this.trace.at[n] : this.trace.end;
  }

  get all() {
    return this.scale === "events" ? this.trace.length : Math.max(this.trace.end, 1);
  }

  /** Shows as much as can be told apart: all, or as many events as there is room for. */
  fit() {
    if (!this.trace) return;
    this.resize();
    this.zoom(1, this.scale === "events" ? Math.min(this.all, Math.max(8, this.width / EVENT)) : this.all);
  }

  zoom(by, extent = this.extent * by) {
    if (!this.trace) return;
    this.extent = Math.min(this.all, Math.max(this.scale === "events" ? 8 : this.all / 1e6, extent));
    this.turn(this.place(this.n) - this.extent / 2);
    this.draw();
  }

  turn(start) {
    this.start = Math.max(0, Math.min(this.all - this.extent, start));
  }

  resize() {
    const wide = this.box.clientWidth;
    if (!this.trace || wide === 0) return;
    // On a narrow page the names stand above their lanes.
    const narrow = wide < 520;
    this.row = narrow ? 38 : 26;
    this.left = narrow ? 8 : Math.min(210, wide * 0.26);
    this.width = wide - this.left - 20;
    this.height = Math.min(AXIS + this.count * this.row + 6, narrow ? 300 : 360);
    this.space.style.height = `${Math.max(0, AXIS + this.count * this.row + 6 - this.height)}px`;
    for (const canvas of [this.lanes, this.cursor]) {
      canvas.width = Math.round(wide * devicePixelRatio);
      canvas.height = Math.round(this.height * devicePixelRatio);
      canvas.style.height = `${this.height}px`;
    }
    this.scroll.style.maxHeight = `${this.height}px`;
    if (this.extent) this.draw();
  }

  x(n) {
    return this.left + ((this.place(n) - this.start) / this.extent) * this.width;
  }

  y(lane) {
    const narrow = this.row > 30 ? 6 : 0;
    return AXIS + (lane + 0.5) * this.row - this.scroll.scrollTop + narrow;
  }

  eventAt(x) {
    const place = this.start + ((x - this.left) / this.width) * this.extent;
    let [low, high] = [0, this.trace.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.place(middle) <= place) low = middle;
      else high = middle;
    }
    const nearer = this.scale === "time" && low + 1 < this.trace.length && this.place(low + 1) - place < place - this.place(low);
    return nearer ? low + 1 : low;
  }

  /** Moves the cursor to event `n`; turns the page if that lies outside, and scrolls to its lane if `follow`. */
  go(n, follow) {
    this.n = n;
    const place = this.place(n);
    const outside = place < this.start || place > this.start + this.extent - (this.scale === "events" ? 1 : 0);
    if (outside) {
      this.turn(place - this.extent * (place < this.start ? 0.85 : 0.15));
      this.draw();
    }
    const y = this.y(this.lane(n));
    if (follow && (y < AXIS + this.row / 2 || y > this.height)) this.scroll.scrollTop += y - this.height / 2;
    this.point();
  }

  /** The lane that event `n` is about. */
  lane(n) {
    const task = this.trace.subject(n) >= 0 ? this.trace.subject(n) : this.trace.inside[n];
    return task >= 0 ? this.trace.threads.length + task : this.trace.thread[n];
  }

  pen(canvas) {
    const pen = canvas.getContext("2d");
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.textBaseline = "middle";
    pen.direction = "ltr";
    // Colours are read once a drawing: the theme may have changed since the last.
    const [style, colors] = [getComputedStyle(this.box), new Map()];
    this.color = (name) => {
      if (!colors.has(name)) colors.set(name, style.getPropertyValue(`--tp-${name}`).trim());
      return colors.get(name);
    };
    return pen;
  }

  /** Draws the lanes that are in view. */
  draw() {
    if (!this.trace || !this.extent) return;
    const pen = this.pen(this.lanes);
    const first = Math.max(0, Math.floor(this.scroll.scrollTop / this.row));
    const last = Math.min(this.count, first + Math.ceil(this.height / this.row) + 1);
    this.axis(pen);
    pen.save();
    pen.beginPath();
    pen.rect(0, AXIS, this.box.clientWidth, this.height);
    pen.clip();
    for (let lane = first; lane < last; lane++) this.spans(pen, lane);
    for (let lane = first; lane < last; lane++) this.name(pen, lane);
    pen.restore();
    this.arrows(pen);
    this.point();
  }

  axis(pen) {
    pen.font = "12px system-ui, sans-serif";
    pen.textAlign = "center";
    let free = -Infinity;
    const mark = (x, text) => {
      pen.fillStyle = this.color("line");
      pen.fillRect(x, AXIS - 6, 1, this.height);
      const half = pen.measureText(text).width / 2;
      const middle = Math.min(Math.max(x, this.left + half - 4), this.left + this.width - half + 8);
      if (middle - half < free) return;
      pen.fillStyle = this.color("faint");
      pen.fillText(text, middle, AXIS / 2 - 2);
      free = middle + half + 10;
    };
    if (this.scale === "time") {
      const step = Drawing.round(this.extent / Math.max(1, this.width / 110));
      for (let t = Math.ceil(this.start / step) * step; t <= this.start + this.extent; t += step) {
        mark(this.left + ((t - this.start) / this.extent) * this.width, this.words.time(t));
      }
      return;
    }
    // By events, time is written where it moves on; and a mark only where there is room for one.
    let room = -Infinity;
    const from = Math.floor(this.start);
    for (let n = from; n < Math.min(this.trace.length, from + this.extent); n++) {
      const moves = n === from || this.trace.at[n] !== this.trace.at[n - 1];
      if (!moves || this.x(n) < room) continue;
      mark(this.x(n), this.words.time(this.trace.at[n]));
      room = this.x(n) + 8;
    }
  }

  /** The least of 1, 2, 5, 10, 20, ... that is not below `step`. */
  static round(step) {
    const power = 10 ** Math.floor(Math.log10(Math.max(step, 1)));
    return [1, 2, 5, 10].map((digit) => digit * power).find((round) => round >= step);
  }

  name(pen, lane) {
    const narrow = this.row > 30;
    const isTask = lane >= this.trace.threads.length;
    pen.font = `${lane === this.chosen ? "bold " : ""}13px system-ui, sans-serif`;
    pen.textAlign = "left";
    pen.fillStyle = this.color(isTask ? "text" : "faint");
    pen.save();
    pen.beginPath();
    pen.rect(0, 0, narrow ? this.box.clientWidth : this.left - 10, this.height);
    pen.clip();
    pen.fillText(this.words.lane(lane), 8, narrow ? this.y(lane) - 17 : this.y(lane));
    pen.restore();
  }

  spans(pen, lane) {
    const { from, state } = this.replay.lanes[lane] ?? { from: [], state: [] };
    // The first span that reaches into the view.
    let [low, high] = [0, from.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.place(from[middle]) <= this.start) low = middle;
      else high = middle;
    }
    const right = this.left + this.width;
    let drawn = this.left;
    for (let i = low; i < from.length && this.x(from[i]) <= right; i++) {
      const x = Math.max(this.left, this.x(from[i]));
      let to = Math.min(right, i + 1 < from.length ? this.x(from[i + 1]) : this.x(this.trace.length));
      if (state[i] === RUNNING) to = Math.max(to, Math.min(right, x + 2));
      // What would lie below a pixel that has been drawn is passed over.
      if (to <= drawn && to - x < 1 && !(state[i] === DONE || state[i] === ABORTED)) continue;
      drawn = to;
      if (this.x(from[i]) >= this.left - 1 || ![DONE, ABORTED].includes(state[i])) this.span(pen, state[i], x, to, this.y(lane));
    }
  }

  span(pen, state, x, to, y) {
    const line = (color, width, dash) => {
      pen.strokeStyle = this.color(color);
      pen.lineWidth = width;
      pen.setLineDash(dash);
      pen.beginPath();
      pen.moveTo(x, y);
      pen.lineTo(to, y);
      pen.stroke();
      pen.setLineDash([]);
    };
    const box = (color, dash) => {
      pen.strokeStyle = this.color(color);
      pen.lineWidth = 1.5;
      pen.setLineDash(dash);
      pen.strokeRect(x + 1, y - 6, Math.max(1, to - x - 2), 12);
      pen.setLineDash([]);
    };
    if (state === RUNNING) {
      pen.fillStyle = this.color("run");
      pen.fillRect(x, y - 8, Math.max(1, to - x), 16);
    } else if (state === READY) box("ready", []);
    else if (state === NEW) box("ready", [2, 2]);
    else if (state === PENDING) line("wait", 2, []);
    else if (state === PARKED) line("wait", 2, [2, 5]);
    else if (state === LOCKED) box("lock", [4, 3]);
    else if (state === DONE || state === ABORTED) {
      const room = Math.min(5, Math.max(3.5, (to - x) / 2 - 1));
      pen.strokeStyle = this.color(state === DONE ? "run" : "lock");
      pen.lineWidth = 2.5;
      pen.beginPath();
      const [left, middle] = [x + 2, x + 2 + room];
      if (state === DONE) [[left, y], [middle - 1, y + room], [middle + room, y - room]].forEach((at, i) => (i ? pen.lineTo(...at) : pen.moveTo(...at)));
      else for (const turn of [1, -1]) (pen.moveTo(left, y - room * turn), pen.lineTo(left + room * 2, y + room * turn));
      pen.stroke();
    }
  }

  /** Faint arrows for the wakes in view, if they are few. */
  arrows(pen) {
    const last = this.eventAt(this.left + this.width);
    const wakes = this.trace.latest(this.trace.wakes, last, ARROWS + 1).filter((n) => this.place(n) >= this.start);
    if (wakes.length > ARROWS || this.scale === "time") return;
    pen.globalAlpha = 0.4;
    for (const n of wakes) this.arrow(pen, n, 1.25);
    pen.globalAlpha = 1;
  }

  arrow(pen, n, width) {
    const { trace } = this;
    const from = this.y(trace.inside[n] >= 0 ? trace.threads.length + trace.inside[n] : trace.thread[n]);
    const to = this.y(trace.threads.length + trace.id[n]);
    const x = this.x(n) + (this.scale === "events" ? this.width / this.extent / 2 : 0);
    if (from === to || to < AXIS || from < AXIS) return;
    const way = Math.sign(to - from);
    const tip = to - way * 9;
    pen.strokeStyle = pen.fillStyle = this.color("wake");
    pen.lineWidth = width;
    pen.beginPath();
    pen.moveTo(x, from + way * 8);
    pen.lineTo(x, tip - way * HEAD);
    pen.stroke();
    pen.beginPath();
    pen.moveTo(x, tip);
    pen.lineTo(x - HEAD, tip - way * HEAD * 1.6);
    pen.lineTo(x + HEAD, tip - way * HEAD * 1.6);
    pen.fill();
  }

  /** Draws the cursor, the lane that is chosen, and the arrow if this event is a wake. */
  point() {
    const pen = this.pen(this.cursor);
    const x = this.x(this.n);
    const wide = this.scale === "events" ? Math.max(2, this.width / this.extent) : 2;
    pen.fillStyle = this.color("cursor");
    pen.globalAlpha = 0.16;
    if (this.chosen >= 0 && this.y(this.chosen) > AXIS) pen.fillRect(0, AXIS + this.chosen * this.row - this.scroll.scrollTop, this.box.clientWidth, this.row);
    pen.globalAlpha = wide > 4 ? 0.28 : 1;
    pen.fillRect(x, AXIS - 4, wide, this.height);
    pen.globalAlpha = 1;
    const middle = x + wide / 2;
    pen.beginPath();
    pen.moveTo(middle - 6, AXIS - 10);
    pen.lineTo(middle + 6, AXIS - 10);
    pen.lineTo(middle, AXIS - 2);
    pen.fill();
    if (this.trace.is(this.n) === "woken") this.arrow(pen, this.n, 2.5);
  }
}
