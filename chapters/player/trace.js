// A recorded run: read from a file, checked, and played to any of its events.
//
//     text ──Trace.read──▶ Trace ──new Replay──▶ Replay ──at(n)──▶ State: what holds once event n has happened
//                          a column a field      a keyframe now and then, and the lanes of the drawing
//
// Invariants
//
// 1. Every number of a Trace is finite and not negative; threads and tasks are indices into its tables; times never go back.
// 2. What a file says is data. Names are looked up in Maps alone, and every text was made printable and short by `Trace.read`.
// 3. The keyframes together have no more entries than the trace has events. Between two of them lie at most `STRIDE`
//    events, or as many as the keyframe has entries: so a jump costs no more than that, however long the trace is.
//
// Absent on purpose: the page. This file runs under node as it does in a browser. Nor does it promise that a file makes
// sense: one may end polls that never began, and is shown as far as it goes.
"use strict";

/** Every kind of event, by its name in the file, with the fields it has besides. */
const KINDS = new Map([
  ["thread_started", []],
  ["thread_ended", []],
  ["spawned", ["task"]],
  ["poll_begin", ["task"]],
  ["poll_end", ["task", "ready"]],
  ["woken", ["task"]],
  ["cancelled", ["task"]],
  ["parked", ["limit"]],
  ["unparked", []],
  ["timer_set", ["timer", "after"]],
  ["timer_fired", ["timer"]],
  ["timer_dropped", ["timer"]],
  ["io_ready", ["source", "readable", "writable"]],
  ["lock_wanted", ["lock"]],
  ["lock_taken", ["lock"]],
  ["lock_released", ["lock"]],
  ["note", ["text"]],
]);
const KIND_NAMES = [...KINDS.keys()];

/** What a task or a thread may be doing. */
const STATES = ["absent", "not yet polled", "ready", "running", "pending", "done", "aborted", "parked", "waits for a lock", "ended"];
const [ABSENT, NEW, READY, RUNNING, PENDING, DONE, ABORTED, PARKED, LOCKED, ENDED] = STATES.keys();

/** What a file may have at most, and the characters shown of a name and of a note. */
const MOST = { bytes: 256e6, events: 2e6, tables: 1e6, name: 80, note: 1000 };
/** The events between two keyframes, at the least. */
const STRIDE = 512;
/** Polls within polls on one thread; deeper ones are not shown. */
const DEEPEST = 32;

/** Says why a file cannot be shown, in one sentence, and in another what to do about it. */
class TraceError extends Error {
  constructor(what, remedy = "Record the run again with `cargo course demo NAME --json FILE`, and open that file.") {
    super(`${what} ${remedy}`);
  }
}

/** Shows as escapes what would turn the writing direction, break a line or not show at all, and cuts to `most` characters. */
function printable(text, most) {
  const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffe\uffff]/gu;
  const characters = [...text.slice(0, most * 2)];
  const cut = characters.length > most || text.length > most * 2 ? `${characters.slice(0, most - 1).join("")}…` : text;
  const shown = cut.replace(/\p{Cs}/gu, "\ufffd").replace(hidden, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);
  // Letters that are written from right to left must not turn the digits beside them.
  return /[\u0590-\u08ff\ufb1d-\ufefc]/.test(shown) ? `\u2068${shown}\u2069` : shown;
}

/** A run as it was recorded: tables of names, and one column for each field of the events. */
class Trace {
  /** Reads the JSON that a timeline writes. Throws a TraceError that says what is wrong with it. */
  static read(text) {
    if (text.length > MOST.bytes) throw new TraceError("The file is larger than 256 MB.", "Record a shorter run.");
    if (text.trim() === "") throw new TraceError("The file is empty.");
    let file;
    try {
      file = JSON.parse(text);
    } catch (error) {
      throw new TraceError(`The file is not JSON (${printable(String(error.message), 120)}).`);
    }
    return new Trace(file);
  }

  /** Takes over a value of the file's shape, and checks it. */
  constructor(file) {
    const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
    if (isObject(file) && Array.isArray(file.traceEvents)) {
      throw new TraceError("This is a trace for chrome://tracing.", "Record the run with `--json FILE` instead of `--chrome FILE`.");
    }
    if (!isObject(file) || file.version === undefined) throw new TraceError("This JSON is not a recorded run: it has no `version`.");
    if (file.version !== 1) {
      throw new TraceError("The run was recorded in another version of the format; only version 1 is known.", "Record it again with this course.");
    }
    this.end = Trace.number(file.end, 2 ** 64, "`end`");
    this.threads = Trace.names(file.threads, "threads");
    this.tasks = Trace.names(file.tasks, "tasks");
    if (!Array.isArray(file.events)) throw new TraceError("The list `events` is missing.");
    if (file.events.length === 0) throw new TraceError("The run has no events, so there is nothing to show.");
    if (file.events.length > MOST.events) throw new TraceError(`The run has more than ${MOST.events} events.`, "Record a shorter run.");

    const length = (this.length = file.events.length);
    this.at = new Float64Array(length);
    this.thread = new Uint32Array(length);
    /** Inside whose poll it happened; -1 for nobody's. */
    this.inside = new Int32Array(length).fill(-1);
    this.kind = new Uint8Array(length);
    /** The task, timer, source or lock it happened to; of a note, the index in `texts`. */
    this.id = new Float64Array(length);
    /** The time of a limit or a timer, -1 for none; of a poll's end 1 if ready; of a source 1 readable + 2 writable. */
    this.more = new Float64Array(length);
    this.texts = [];
    /** The events that are notes, and those that are wakes. */
    this.notes = [];
    this.wakes = [];
    for (let n = 0; n < length; n++) {
      if (!isObject(file.events[n]) || !isObject(file.events[n].kind)) throw new TraceError(`Event ${n + 1} is not an event: it has no \`kind\`.`);
      this.take(n, file.events[n]);
    }
  }

  static names(list, table) {
    if (!Array.isArray(list)) throw new TraceError(`The table \`${table}\` is missing.`);
    if (list.length > MOST.tables) throw new TraceError(`The table \`${table}\` has more than ${MOST.tables} entries.`, "Record a shorter run.");
    return list.map((entry, i) => {
      if (typeof entry?.name !== "string") throw new TraceError(`Entry ${i} of \`${table}\` has no name.`);
      return printable(entry.name, MOST.name);
    });
  }

  static number(value, limit, what) {
    if (Number.isInteger(value) && value >= 0 && value <= limit) return value;
    throw new TraceError(`${what} is not a whole number from 0 up.`);
  }

  /** Checks event `n` and copies it into the columns. */
  take(n, { at, thread, task, kind }) {
    const name = `Event ${n + 1}`;
    const index = (value, table, what) => {
      if (Trace.number(value, 2 ** 32, `${name}: \`${what}\``) < table.length) return value;
      throw new TraceError(`${name} names ${what} ${value}, which is not in the table.`);
    };
    this.at[n] = Trace.number(at, 2 ** 64, `${name}: \`at\``);
    if (n > 0 && at < this.at[n - 1]) throw new TraceError(`${name} is earlier than the one before it.`);
    if (at > this.end) throw new TraceError(`${name} is later than the end of the run.`);
    this.thread[n] = index(thread, this.threads, "thread");
    if (task !== null && task !== undefined) this.inside[n] = index(task, this.tasks, "task");

    const fields = KINDS.get(kind.is);
    if (!fields) throw new TraceError(`${name} is of a kind that is not known: ${printable(String(JSON.stringify(kind.is)), 40)}.`);
    this.kind[n] = KIND_NAMES.indexOf(kind.is);
    for (const field of fields) {
      const [value, what] = [kind[field], `${name}: \`${field}\``];
      if (field === "task") this.id[n] = index(value, this.tasks, "task");
      else if (["timer", "source", "lock"].includes(field)) this.id[n] = Trace.number(value, 2 ** 32, what);
      else if (field === "after") this.more[n] = Trace.number(value, 2 ** 64, what);
      else if (field === "limit") this.more[n] = value === null || value === undefined ? -1 : Trace.number(value, 2 ** 64, what);
      else if (field === "text") this.id[n] = this.text(value, what);
      else if (typeof value !== "boolean") throw new TraceError(`${what} is neither true nor false.`);
      else if (value) this.more[n] += field === "writable" ? 2 : 1;
    }
    if (kind.is === "note") this.notes.push(n);
    if (kind.is === "woken") this.wakes.push(n);
  }

  text(value, what) {
    if (typeof value !== "string") throw new TraceError(`${what} is not a text.`);
    return this.texts.push(printable(value, MOST.note)) - 1;
  }

  is(n) {
    return KIND_NAMES[this.kind[n]];
  }

  /** The task that event `n` happened to, and -1 if it did not happen to a task. */
  subject(n) {
    return KINDS.get(this.is(n))[0] === "task" ? this.id[n] : -1;
  }

  /** Tells whether event `n` is one of `lane`'s: lanes are the threads, then the tasks. */
  concerns(n, lane) {
    const task = lane - this.threads.length;
    return task < 0 ? this.thread[n] === lane : this.subject(n) === task || this.inside[n] === task;
  }

  /** The nearest event after `n`, or before it if `by` is -1, for which `matches` holds; -1 if there is none. */
  seek(n, by, matches) {
    for (let i = n + by; i >= 0 && i < this.length; i += by) if (matches(i)) return i;
    return -1;
  }

  /** The last `most` of `list` (the notes or the wakes) that are not after event `n`, the latest first. */
  latest(list, n, most) {
    let [low, high] = [0, list.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle] <= n) low = middle + 1;
      else high = middle;
    }
    return list.slice(Math.max(0, low - most), low).reverse();
  }
}

/** What holds between two events. */
class State {
  constructor(trace) {
    const tasks = trace.tasks.length;
    /** How many events have happened. */
    this.count = 0;
    this.tasks = new Uint8Array(tasks);
    this.polls = new Uint32Array(tasks);
    /** Whether a task was woken while it ran. */
    this.again = new Uint8Array(tasks);
    /** The wake that each task had last, as an event. */
    this.wake = new Int32Array(tasks).fill(-1);
    /** By thread: whether it ended, since which event it is parked, which lock it wants, whom it polls. */
    this.threads = new Map();
    /** The tasks that could run, in the order in which they became ready: a Set keeps that order. */
    this.ready = new Set();
    /** By timer: its deadline and the event that set it. */
    this.timers = new Map();
    /** By lock: who holds it, and who waits for it. */
    this.locks = new Map();
    /** What the last event came to, where its kind does not say. */
    this.effect = "";
  }

  copy() {
    const copy = Object.assign(Object.create(State.prototype), this);
    for (const column of ["tasks", "polls", "again", "wake"]) copy[column] = this[column].slice();
    copy.threads = new Map([...this.threads].map(([id, thread]) => [id, { ...thread, polls: thread.polls.slice() }]));
    copy.ready = new Set(this.ready);
    copy.timers = new Map(this.timers);
    copy.locks = new Map([...this.locks].map(([id, lock]) => [id, { ...lock, waiting: new Set(lock.waiting) }]));
    return copy;
  }

  /** The entries that a copy has to copy. Columns of bytes take little. */
  get size() {
    let size = (this.tasks.length >> 2) + this.ready.size + this.timers.size + this.threads.size;
    for (const lock of this.locks.values()) size += 1 + lock.waiting.size;
    return size;
  }

  /** What `thread` is doing. */
  doing(thread) {
    const known = this.threads.get(thread);
    if (!known) return ABSENT;
    if (known.ended) return ENDED;
    return known.wants >= 0 ? LOCKED : known.parked >= 0 ? PARKED : RUNNING;
  }

  /** Lets event `n` happen. */
  apply(trace, n) {
    this.count = n + 1;
    this.effect = "";
    const id = trace.id[n];
    const thread = this.thread(trace.thread[n]);
    // Who asks for a lock: a task by its number, a thread outside of any by a negative one.
    const asks = trace.inside[n] >= 0 ? trace.inside[n] : -1 - trace.thread[n];
    switch (trace.is(n)) {
      case "thread_started":
        this.threads.set(trace.thread[n], { ended: false, parked: -1, wants: -1, polls: [] });
        break;
      case "thread_ended":
        thread.ended = true;
        break;
      case "spawned":
        this.turn(id, NEW);
        break;
      case "poll_begin":
        this.again[id] = 0;
        this.polls[id]++;
        thread.polls.push(id);
        if (thread.polls.length > DEEPEST) thread.polls.shift();
        this.turn(id, RUNNING);
        break;
      case "poll_end":
        if (thread.polls.includes(id)) thread.polls.length = thread.polls.lastIndexOf(id);
        // A task that has to wait for a lock gives its thread back: the thread does not wait for it.
        thread.wants = -1;
        if (this.again[id] && !trace.more[n]) this.effect = "again";
        this.turn(id, trace.more[n] ? DONE : this.again[id] ? READY : PENDING);
        this.again[id] = 0;
        break;
      case "woken":
        this.woken(id, n);
        break;
      case "cancelled":
        this.turn(id, ABORTED);
        break;
      case "parked":
        thread.parked = n;
        break;
      case "unparked":
        thread.parked = -1;
        break;
      case "timer_set":
        this.timers.set(id, { due: trace.at[n] + trace.more[n], set: n });
        break;
      case "timer_fired":
      case "timer_dropped":
        this.timers.delete(id);
        break;
      case "lock_wanted":
        thread.wants = id;
        this.lock(id).waiting.add(asks);
        break;
      case "lock_taken":
        thread.wants = -1;
        this.lock(id).waiting.delete(asks);
        this.lock(id).holder = asks;
        this.lock(id).since = n;
        break;
      case "lock_released":
        this.lock(id).holder = null;
        break;
    }
  }

  /** What comes after a task's end, such as the wake of a waker that was kept, changes nothing. */
  isOver(task) {
    return this.tasks[task] === DONE || this.tasks[task] === ABORTED;
  }

  turn(task, state) {
    if (this.isOver(task)) return;
    this.tasks[task] = state;
    if (state === READY || state === NEW) this.ready.add(task);
    else this.ready.delete(task);
  }

  woken(task, n) {
    if (this.isOver(task)) this.effect = "over";
    else if (this.ready.has(task)) this.effect = "queued";
    else if (this.tasks[task] === RUNNING) {
      this.effect = "running";
      this.again[task] = 1;
    } else this.turn(task, READY);
    this.wake[task] = n;
  }

  thread(id) {
    if (!this.threads.has(id)) this.threads.set(id, { ended: false, parked: -1, wants: -1, polls: [] });
    return this.threads.get(id);
  }

  lock(id) {
    if (!this.locks.has(id)) this.locks.set(id, { holder: null, since: -1, waiting: new Set() });
    return this.locks.get(id);
  }
}

/** Goes to any event of a trace, and knows what each lane was doing when. */
class Replay {
  constructor(trace) {
    this.trace = trace;
    /** The events applied since the run was loaded: what going somewhere has cost. */
    this.applied = 0;
    this.keyframes = [new State(trace)];
    /** By lane: the events at which its state changed, and to what; nothing for a lane on which nothing happened. */
    this.lanes = new Array(trace.threads.length + trace.tasks.length);
    const state = new State(trace);
    let next = Math.max(STRIDE, state.size);
    for (let n = 0; n < trace.length; n++) {
      state.apply(trace, n);
      this.note(n, trace.thread[n], state.doing(trace.thread[n]));
      const task = trace.subject(n);
      if (task >= 0) this.note(n, trace.threads.length + task, state.tasks[task]);
      if (n + 1 === next) {
        this.keyframes.push(state.copy());
        next += Math.max(STRIDE, state.size);
      }
    }
    this.state = this.keyframes[0].copy();
  }

  note(n, lane, state) {
    const spans = (this.lanes[lane] ??= { from: [], state: [] });
    if (spans.state.at(-1) === state) return;
    spans.from.push(n);
    spans.state.push(state);
  }

  /** Returns what holds once event `n` has happened. The next call changes it. */
  at(n) {
    let [low, high] = [0, this.keyframes.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.keyframes[middle].count <= n + 1) low = middle;
      else high = middle;
    }
    const keyframe = this.keyframes[low];
    // A few events are applied sooner than a keyframe is copied.
    const ahead = n + 1 - this.state.count;
    const goesOn = ahead >= 0 && (ahead < 8 || this.state.count >= keyframe.count);
    if (!goesOn) this.state = keyframe.copy();
    while (this.state.count <= n) {
      this.state.apply(this.trace, this.state.count);
      this.applied++;
    }
    return this.state;
  }

  /** The first `most` timers by deadline, as `[timer, { due, set }]`, without sorting all of them. */
  timers(most) {
    const first = [];
    for (const entry of this.state.timers) {
      if (first.length === most && entry[1].due >= first[most - 1][1].due) continue;
      let place = first.length;
      while (place > 0 && first[place - 1][1].due > entry[1].due) place--;
      first.splice(place, 0, entry);
      if (first.length > most) first.pop();
    }
    return first;
  }
}

if (typeof module !== "undefined") module.exports = { Trace, TraceError, Replay, State, STATES, STRIDE, printable };
