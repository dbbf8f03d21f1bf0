// The player: controls, the event in words, and the state as lists, around the drawing.
//
//     a run (recorded or the learner's) ──▶ Trace, Replay, Words ──▶ Player.go(n) ──▶ every list says what holds after event n
//
// Invariants
//
// 1. Whatever comes from a trace reaches the page as `textContent`, a canvas's text, or not at all.
// 2. A step changes the texts of rows that are there already: what has the focus keeps it, and nothing moves.
// 3. Keys count only while the focus is in the player, and do not reach the book then, which has its own.
"use strict";

/** The rows that a list shows at most; it says how many it leaves out. */
const ROWS = 40;
/** The events in words that are shown before and after the present one. */
const AROUND = 5;

/** What the filter offers: the kinds of events at which steps stop. */
const FILTERS = new Map([
  ["every event", []],
  ["polls", ["spawned", "poll_begin", "poll_end", "cancelled"]],
  ["wakes", ["woken"]],
  ["parking", ["parked", "unparked"]],
  ["timers", ["timer_set", "timer_fired", "timer_dropped"]],
  ["IO", ["io_ready"]],
  ["locks", ["lock_wanted", "lock_taken", "lock_released"]],
  ["notes", ["note"]],
]);

/** Every key with what it does; the help is made of this. */
const KEYS = [
  ["→", "ArrowRight", "step", (player) => player.step(1)],
  ["←", "ArrowLeft", "step back", (player) => player.step(-1)],
  ["Space", " ", "play, pause", (player) => player.play(!player.playing)],
  ["Home", "Home", "to the first event", (player) => player.go(0)],
  ["End", "End", "to the last event", (player) => player.go(Infinity)],
  ["↓", "ArrowDown", "next event of the chosen lane", (player) => player.stepChosen(1)],
  ["↑", "ArrowUp", "previous event of the chosen lane", (player) => player.stepChosen(-1)],
  ["+", "+", "zoom in", (player) => player.drawing.zoom(0.5)],
  ["-", "-", "zoom out", (player) => player.drawing.zoom(2)],
  ["?", "?", "this help", (player) => player.toggleHelp()],
];

/** What stands for each state beside its name: colours alone would not do. */
const SIGNS = { absent: "", "not yet polled": "○", ready: "◔", running: "●", pending: "⋯", done: "✓", aborted: "✗", parked: "☾", "waits for a lock": "◫", ended: "■" };

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function button(text, label, click) {
  return element("button", { type: "button", textContent: text, ariaLabel: label, title: label, onclick: click });
}

/** Makes `box` have one child for each of `items`, and lets `update(child, item)` say what is in it. */
function fill(box, items, make, update) {
  while (box.children.length > items.length) box.lastChild.remove();
  while (box.children.length < items.length) box.append(make());
  items.forEach((item, i) => update(box.children[i], item));
}

/** Writes a text where it is not what stands there. */
function say(at, text) {
  if (at.textContent !== text) at.textContent = text;
}

class Player {
  constructor(root, runs) {
    this.root = root;
    this.runs = runs;
    this.playing = false;
    this.build();
    this.listen();
    this.fromAddress();
  }

  build() {
    const names = Object.keys(this.runs);
    this.pickRun = element("select", { onchange: () => this.loadRun(this.pickRun.value) }, ...names.map((name) => element("option", { textContent: name, value: name })));
    this.file = element("input", { type: "file", accept: ".json,application/json", onchange: () => this.open(this.file.files) });
    this.message = element("p", { className: "tp-message", role: "alert", hidden: true });
    this.stage = element("div", { className: "tp-stage" });
    this.drawing = new Drawing(this.stage, (n) => this.go(n), (lane) => this.choose(lane));

    this.playButton = button("▶ Play", "Play", () => this.play(!this.playing));
    this.slider = element("input", { type: "range", min: 1, oninput: () => this.go(this.slider.value - 1), ariaLabel: "Event" });
    this.number = element("input", { type: "number", min: 1, onchange: () => this.go(this.number.value - 1), ariaLabel: "Number of the event" });
    this.total = element("span");
    this.speed = element("select", {}, ...[1, 2, 5, 20, 100, 1000].map((speed) => element("option", { textContent: `${speed} a second`, value: speed, selected: speed === 2 })));
    this.filter = element("select", { onchange: () => this.go(this.n) }, ...[...FILTERS.keys()].map((name) => element("option", { textContent: name })));
    this.scale = element("select", { onchange: () => this.rescale() }, element("option", { textContent: "events" }), element("option", { textContent: "time" }));
    this.chosenName = element("span", { className: "tp-chosen" });
    const bar = (...children) => element("div", { className: "tp-bar" }, ...children);
    const labelled = (text, control) => element("label", {}, `${text} `, control);

    this.heading = element("p", { className: "tp-when" });
    this.what = element("p", { className: "tp-what" });
    this.why = element("p", { className: "tp-why" });
    this.live = element("div", { className: "tp-event", ariaLive: "polite", ariaAtomic: "true" }, this.heading, this.what, this.why);
    this.live.setAttribute("role", "status");

    this.panels = new Map();
    const panel = (name, className = "") => {
      const list = element("ol", { className: "tp-list" });
      const more = element("p", { className: "tp-more" });
      const section = element("section", { className });
      this.panels.set(name, { section, list, more });
      const body = element("div", { className: "tp-body", tabIndex: 0, ariaLabel: name }, list, more);
      body.setAttribute("role", "region");
      section.append(element("h4", { textContent: name }), body);
      return section;
    };
    this.help = element("dialog", { className: "tp-help", ariaLabel: "Keys" }, element("h4", { textContent: "Keys, while the player has the focus" }));
    this.help.append(element("dl", {}, ...KEYS.flatMap(([key, , what]) => [element("dt", {}, element("kbd", { textContent: key })), element("dd", { textContent: what })])));
    this.help.append(button("Close", "Close", () => this.help.close()));

    this.root.replaceChildren(
      bar(labelled("Run", this.pickRun), element("label", { className: "tp-open" }, element("span", { textContent: "Open your own …" }), this.file), element("span", { className: "tp-drop", textContent: "or drop it here" })),
      this.message,
      this.stage,
      bar(
        ...["run", "ready", "new", "wait", "park", "lock", "wake"].map((name, i) =>
          element("span", { className: `tp-key tp-key-${name}`, textContent: ["runs", "ready", "not yet polled", "pending", "parked", "waits for a lock", "wakes"][i] }),
        ),
      ),
      element("div", { className: "tp-bar tp-transport" },
        button("|←", "To the first event", () => this.go(0)),
        button("← Back", "Step back", () => this.step(-1)),
        this.playButton,
        button("Step →", "Step", () => this.step(1)),
        button("→|", "To the last event", () => this.go(Infinity)),
        this.slider,
        element("span", { className: "tp-count" }, this.number, this.total),
        button("?", "Keys", () => this.toggleHelp()),
      ),
      this.live,
      bar(labelled("Speed", this.speed), labelled("Stop at", this.filter), labelled("Scale", this.scale), button("+", "Zoom in", () => this.drawing.zoom(0.5)), button("−", "Zoom out", () => this.drawing.zoom(2))),
      bar(
        element("span", { textContent: "Chosen:" }), this.chosenName,
        button("↑ previous", "Previous event of the chosen lane", () => this.stepChosen(-1)),
        button("↓ next", "Next event of the chosen lane", () => this.stepChosen(1)),
      ),
      element("div", { className: "tp-panels" },
        panel("Tasks", "tp-wide"), panel("Ready queue", "tp-queue"), panel("Threads"), panel("Timers"), panel("Locks"), panel("Events", "tp-wide tp-log"), panel("Who woke whom"), panel("Notes")),
      this.help,
    );
    this.root.tabIndex = 0;
  }

  listen() {
    this.root.addEventListener("keydown", (event) => this.key(event));
    this.root.addEventListener("dragover", (event) => event.preventDefault());
    this.root.addEventListener("drop", (event) => {
      event.preventDefault();
      this.open(event.dataTransfer.files);
    });
    addEventListener("hashchange", () => this.fromAddress());
    // The book changes its theme by a class of the page.
    new MutationObserver(() => this.drawing.draw()).observe(document.documentElement, { attributeFilter: ["class"] });
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    event.stopPropagation();
    // Controls keep the keys that they have themselves.
    const own = { INPUT: /^(Arrow|Home|End|[-+ ])/, SELECT: /^(Arrow|Home|End| )/, BUTTON: /^ $/ }[event.target.tagName];
    const [, , , act] = KEYS.find(([, key]) => key === event.key) ?? [];
    if (!act || own?.test(event.key) || this.help.open) return;
    event.preventDefault();
    act(this);
  }

  toggleHelp() {
    if (this.help.open) this.help.close();
    else this.help.showModal();
  }

  /** A link may name a run and an event of it: `#run=gather&event=17`. */
  fromAddress() {
    const wanted = new URLSearchParams(location.hash.slice(1));
    const names = Object.keys(this.runs);
    const name = names.includes(wanted.get("run")) ? wanted.get("run") : names.includes("gather") ? "gather" : names[0];
    if (!name || (this.trace && !wanted.get("run"))) return;
    this.pickRun.value = name;
    this.loadRun(name);
    this.go(wanted.get("event") - 1);
  }

  loadRun(name) {
    this.load(() => new Trace(this.runs[name]), name);
  }

  /** Shows the learner's own file. */
  async open(files) {
    this.tell("Reading the file …");
    try {
      if (files.length !== 1) throw new TraceError("That was not one file.", "Drop the one file that `--json FILE` wrote.");
      if (files[0].size > MOST.bytes) throw new TraceError("The file is larger than 256 MB.", "Record a shorter run.");
      const text = await files[0].text();
      this.load(() => Trace.read(text), "your own");
    } catch (error) {
      this.tell(error instanceof TraceError ? error.message : "The file could not be read. Choose the file that `--json FILE` wrote.");
    }
    this.file.value = "";
  }

  /** Shows what `make` makes; what was shown stays if there is something wrong with it. */
  load(make, name) {
    this.play(false);
    let trace;
    try {
      trace = make();
    } catch (error) {
      if (!(error instanceof TraceError)) throw error;
      return this.tell(error.message);
    }
    this.tell("");
    this.trace = trace;
    this.n = 0;
    this.replay = new Replay(trace);
    this.words = new Words(trace);
    this.root.dataset.run = name;
    for (const input of [this.slider, this.number]) input.max = trace.length;
    say(this.total, ` of ${trace.length}`);
    this.filter.selectedIndex = 0;
    this.drawing.load(trace, this.replay, this.words);
    // A list that stays empty to the end would only take room.
    const uses = { Tasks: "spawned", "Ready queue": "spawned", Timers: "timer_set", Locks: "lock_wanted", "Who woke whom": "woken", Notes: "note" };
    for (const [panel, kind] of Object.entries(uses)) this.panels.get(panel).section.hidden = trace.seek(-1, 1, (n) => trace.is(n) === kind) < 0;
    this.choose(trace.tasks.length > 0 ? trace.threads.length : 0);
    this.go(0);
  }

  tell(message) {
    this.message.hidden = message === "";
    say(this.message, message);
  }

  rescale() {
    this.drawing.scale = this.scale.value;
    this.drawing.fit();
  }

  choose(lane) {
    this.drawing.chosen = lane;
    say(this.chosenName, this.words.lane(lane));
    this.show();
  }

  /** Goes to event `n`, or to the nearest one there is. */
  go(n) {
    if (!this.trace) return;
    this.n = Math.min(Math.max(Math.trunc(n) || 0, 0), this.trace.length - 1);
    this.show();
  }

  /** Whether steps stop at event `n`. */
  stops(n) {
    const kinds = FILTERS.get(this.filter.value);
    return kinds.length === 0 || kinds.includes(this.trace.is(n));
  }

  step(by) {
    return this.seek(by, (n) => this.stops(n));
  }

  stepChosen(by) {
    return this.seek(by, (n) => this.stops(n) && this.trace.concerns(n, this.drawing.chosen));
  }

  seek(by, matches) {
    const n = this.trace ? this.trace.seek(this.n, by, matches) : -1;
    if (n >= 0) this.go(n);
    return n >= 0;
  }

  play(on) {
    if (on && !this.trace) return;
    // Played from the last event, it begins anew.
    if (on && this.trace.seek(this.n, 1, (n) => this.stops(n)) < 0) this.go(0);
    this.playing = on;
    say(this.playButton, on ? "❚❚ Pause" : "▶ Play");
    this.playButton.ariaLabel = this.playButton.title = on ? "Pause" : "Play";
    // Nobody could listen to events at this pace; the last one is told.
    this.live.ariaLive = on ? "off" : "polite";
    if (!on) return;
    let [last, due] = [performance.now(), 0];
    const frame = (now) => {
      if (!this.playing) return;
      due += (Math.min(now - last, 1000) / 1000) * this.speed.value;
      last = now;
      let n = this.n;
      for (; due >= 1; due--) {
        const next = this.trace.seek(n, 1, (i) => this.stops(i));
        if (next < 0) break;
        n = next;
      }
      if (n !== this.n) this.go(n);
      if (due >= 1) this.play(false);
      else requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  /** Shows what holds after the present event. */
  show() {
    if (!this.trace || this.n === undefined) return;
    const { trace, words, n } = this;
    const state = this.replay.at(n);
    this.slider.value = this.number.value = n + 1;
    this.slider.setAttribute("aria-valuetext", `${n + 1} of ${trace.length}: ${words.what(n)}`);
    say(this.heading, `Event ${n + 1} of ${trace.length} · ${words.time(trace.at[n])}`);
    say(this.what, `${capital(words.what(n))}.`);
    say(this.why, words.why(n, state));
    this.drawing.go(n, !this.playing);
    this.showTasks(state);
    this.showThreads(state);
    this.showRest(state);
    this.showEvents();
  }

  /** A row of a list: a sign and a state, a name, and more; it may be clicked. */
  rows(panel, items, of, empty) {
    const { list, more } = this.panels.get(panel);
    const make = () => element("li", {}, element("button", { type: "button" }, ...["tp-state", "tp-name", "tp-info"].map((className) => element("span", { className }))));
    fill(list, items, make, (row, { state = "", name, info = "", current = false, click }) => {
      const [badge, label, rest] = row.firstChild.children;
      row.dataset.state = state;
      say(badge, state ? `${SIGNS[state] ?? ""} ${state}`.trim() : "");
      say(label, name);
      say(rest, info);
      row.classList.toggle("tp-current", current);
      row.firstChild.onclick = click;
    });
    say(more, items.length === 0 ? empty : of > items.length ? `… and ${of - items.length} more` : "");
  }

  showTasks(state) {
    const { trace, words } = this;
    const [threads, all] = [trace.threads.length, trace.tasks.length];
    // Of many tasks, those around the chosen one.
    const from = Math.max(0, Math.min(this.drawing.chosen - threads - ROWS / 2, all - ROWS));
    const tasks = Array.from({ length: Math.min(ROWS, all) }, (_, i) => from + i);
    const row = (task) => {
      const wake = state.wake[task] >= 0 ? `, woken last by event ${state.wake[task] + 1}` : "";
      const info = state.tasks[task] === ABSENT ? "not spawned yet" : `${state.polls[task]} ${state.polls[task] === 1 ? "poll" : "polls"}${wake}`;
      return { state: STATES[state.tasks[task]], name: words.task(task), info, current: this.drawing.chosen === threads + task, click: () => this.choose(threads + task) };
    };
    this.rows("Tasks", tasks.map(row), all, "This run has no tasks, only threads.");
    const ready = first(state.ready, ROWS).map((task) => ({ state: STATES[state.tasks[task]], name: words.task(task), click: () => this.choose(threads + task) }));
    this.rows("Ready queue", ready, state.ready.size, "Empty: nothing could run.");
  }

  showThreads(state) {
    const { trace, words } = this;
    const from = Math.max(0, Math.min(this.drawing.chosen - ROWS / 2, trace.threads.length - ROWS));
    const threads = Array.from({ length: Math.min(ROWS, trace.threads.length) }, (_, i) => from + i);
    const row = (id) => ({ state: STATES[state.doing(id)], name: words.thread(id), info: words.busy(id, state), current: this.drawing.chosen === id, click: () => this.choose(id) });
    this.rows("Threads", threads.map(row), trace.threads.length, "");
    const locks = first(state.locks, ROWS).map(([id, { holder, since, waiting }]) => {
      const waits = waiting.size === 0 ? "" : `; waiting: ${first(waiting, 5).map((who) => words.party(who)).join(", ")}${waiting.size > 5 ? " …" : ""}`;
      return { state: holder === null ? "free" : "held", name: `lock ${id}`, info: `${holder === null ? "nobody holds it" : `${words.party(holder)} has held it since ${words.time(trace.at[since])}`}${waits}`, click: () => this.go(since) };
    });
    this.rows("Locks", locks, state.locks.size, "None was asked for.");
  }

  showRest(state) {
    const { trace, words, n } = this;
    const timers = this.replay.timers(ROWS).map(([id, { due, set }]) => ({
      name: `timer ${id}`, info: `due at ${words.time(due)}, in ${duration(Math.max(0, due - trace.at[n]))}; set by ${words.who(set)}`, click: () => this.go(set) }));
    this.rows("Timers", timers, state.timers.size, "None is set.");
    const told = (event, info) => ({ name: info, info: `event ${event + 1}, ${words.time(trace.at[event])}`, current: event === n, click: () => this.go(event) });
    const wakes = trace.latest(trace.wakes, n, 8).map((event) => told(event, `${words.who(event)} → ${words.task(trace.id[event])}: ${words.cause(event)}`));
    this.rows("Who woke whom", wakes, wakes.length, "Nobody was woken so far.");
    const notes = trace.latest(trace.notes, n, ROWS).map((event) => told(event, trace.texts[trace.id[event]]));
    this.rows("Notes", notes, notes.length, "The program said nothing so far.");
  }

  showEvents() {
    const { trace, words, n } = this;
    const from = Math.max(0, Math.min(n - AROUND, trace.length - 2 * AROUND - 1));
    const events = Array.from({ length: Math.min(2 * AROUND + 1, trace.length) }, (_, i) => from + i);
    this.rows("Events", events.map((event) => ({ name: `${event + 1}`, info: `${words.time(trace.at[event])}  ${words.what(event)}`, current: event === n, click: () => this.go(event) })), 0, "");
  }
}

for (const root of document.querySelectorAll(".trace-player")) new Player(root, globalThis.recordedRuns ?? {});
