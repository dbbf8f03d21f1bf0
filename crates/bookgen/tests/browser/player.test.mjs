// The trace player without a page: what it refuses, what holds at each event, and what going somewhere costs.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const chapters = new URL("../../../../chapters/", import.meta.url);
const load = (name) => require(fileURLToPath(new URL(`player/${name}`, chapters)));
const { Trace, TraceError, Replay, STATES, STRIDE, printable } = load("trace.js");
// In a page, scripts see each other's names; here they are handed over.
const { Words, duration } = load("words.js");
load("traces.js");

const event = (is, fields = {}, at = 0, thread = 0, task = null) => ({ at, thread, task, kind: { is, ...fields } });
const run = (events, { tasks = 2, threads = 2, end = 1e9, ...rest } = {}) => ({
  version: 1,
  end,
  threads: Array.from({ length: threads }, (_, i) => ({ name: `t${i}` })),
  tasks: Array.from({ length: tasks }, (_, i) => ({ name: `f${i}` })),
  events,
  ...rest,
});
const read = (value) => Trace.read(JSON.stringify(value));
const states = (state) => [...state.tasks].map((code) => STATES[code]);

/** A run of `count` events in which tasks take turns to be woken, polled and pending. */
function long(count, tasks) {
  const events = Array.from({ length: tasks }, (_, task) => event("spawned", { task }));
  for (let i = 0; events.length < count; i++) {
    const task = i % tasks;
    events.push(event("poll_begin", { task }, i), event("timer_set", { timer: i, after: 5 }, i, 0, task));
    events.push(event("poll_end", { task, ready: false }, i), event("timer_fired", { timer: i }, i), event("woken", { task }, i));
  }
  return run(events.slice(0, count), { tasks, end: count });
}

test("a task goes through its states, and the ready queue keeps the order of the wakes", () => {
  const replay = new Replay(read(run([
    event("spawned", { task: 0 }),
    event("spawned", { task: 1 }),
    event("poll_begin", { task: 0 }),
    event("poll_end", { task: 0, ready: false }),
    event("woken", { task: 0 }),
    event("poll_begin", { task: 1 }),
    event("woken", { task: 1 }, 0, 0, 1),
    event("poll_end", { task: 1, ready: false }),
    event("poll_begin", { task: 0 }),
    event("poll_end", { task: 0, ready: true }),
    event("cancelled", { task: 1 }),
    event("woken", { task: 1 }),
  ])));
  assert.deepEqual(states(replay.at(0)), ["not yet polled", "absent"]);
  assert.deepEqual([...replay.at(4).ready], [1, 0]);
  assert.deepEqual(states(replay.at(7)), ["ready", "ready"], "a wake during its poll makes a task ready again");
  assert.deepEqual([...replay.at(7).ready], [0, 1]);
  assert.deepEqual(states(replay.at(9)), ["done", "ready"]);
  assert.deepEqual(states(replay.at(11)), ["done", "aborted"]);
  assert.equal(replay.at(11).effect, "over");
  assert.deepEqual([...replay.at(11).ready], []);
});

test("threads park and wait for locks, and a lock has one holder", () => {
  const replay = new Replay(read(run([
    event("thread_started"),
    event("parked", { limit: null }),
    event("lock_wanted", { lock: 7 }, 0, 1),
    event("lock_taken", { lock: 7 }, 0, 1),
    event("unparked"),
    event("lock_wanted", { lock: 7 }),
    event("lock_released", { lock: 7 }, 0, 1),
    event("lock_taken", { lock: 7 }),
    event("thread_ended"),
  ])));
  const doing = (n, thread) => STATES[replay.at(n).doing(thread)];
  assert.deepEqual([doing(0, 0), doing(0, 1), doing(1, 0), doing(2, 1), doing(4, 0)], ["running", "absent", "parked", "waits for a lock", "running"]);
  assert.equal(doing(5, 0), "waits for a lock");
  assert.deepEqual({ holder: replay.at(5).locks.get(7).holder, waiting: [...replay.at(5).locks.get(7).waiting] }, { holder: -2, waiting: [-1] });
  assert.equal(replay.at(6).locks.get(7).holder, null);
  assert.equal(doing(8, 0), "ended");
});

test("timers come by deadline", () => {
  const set = (timer, after) => event("timer_set", { timer, after });
  const replay = new Replay(read(run([set(0, 30), set(1, 10), set(2, 20), event("timer_dropped", { timer: 2 })])));
  replay.at(2);
  assert.deepEqual(replay.timers(2).map(([id]) => id), [1, 2]);
  replay.at(3);
  assert.deepEqual(replay.timers(9).map(([id]) => id), [1, 0]);
});

test("a jump arrives at what stepping arrives at", () => {
  const trace = read(long(5000, 7));
  const [steps, jumps] = [new Replay(trace), new Replay(trace)];
  const places = Array.from({ length: 60 }, (_, i) => (i * 2741) % 5000);
  const stepped = new Map();
  for (let n = 0; n < 5000; n++) if (places.includes(n)) stepped.set(n, steps.at(n).copy());
    else steps.at(n);
  for (const n of places) assert.deepEqual(jumps.at(n).copy(), stepped.get(n), `event ${n}`);
});

test("a step on costs one event, and a jump at most a stride, in a run of 100,000", () => {
  const trace = read(long(100_000, 50));
  const replay = new Replay(trace);
  const cost = (n) => {
    const before = replay.applied;
    replay.at(n);
    return replay.applied - before;
  };
  cost(50_000);
  for (let n = 50_001; n < 50_600; n++) assert.equal(cost(n), 1);
  for (let i = 0; i < 500; i++) assert.ok(cost((i * 77_777) % 100_000) <= STRIDE);
  for (let n = 70_000; n > 69_000; n--) assert.ok(cost(n) <= STRIDE);
});

test("keyframes of a run with many tasks take no more room than the run", () => {
  const trace = read(long(60_000, 20_000));
  const replay = new Replay(trace);
  const entries = replay.keyframes.slice(1).reduce((sum, keyframe) => sum + keyframe.size, 0);
  // The last keyframe has no events after it yet that pay for it.
  assert.ok(entries <= trace.length + replay.keyframes.at(-1).size, `${entries} entries`);
});

test("what is no run is refused, with what is wrong and what to do", () => {
  const one = [event("thread_started")];
  const bad = [
    ["", /empty/],
    ["{", /not JSON/],
    ["[".repeat(200_000), /not JSON/],
    ["[".repeat(100_000) + "]".repeat(100_000), /no `version`/],
    ["null", /no `version`/],
    ['{"traceEvents":[]}', /chrome:\/\/tracing.*--json/],
    [run(one, { version: 2 }), /another version/],
    [run(one, { end: -1 }), /`end` is not/],
    ['{"version":1,"end":1e999,"threads":[],"tasks":[],"events":[]}', /`end` is not/],
    [run(one, { end: "1" }), /`end` is not/],
    [{ ...run(one), threads: null }, /table `threads` is missing/],
    [{ ...run(one), tasks: [{ name: 1 }] }, /Entry 0 of `tasks`/],
    [{ ...run(one), tasks: [null] }, /Entry 0 of `tasks`/],
    [{ ...run(one), events: {} }, /`events` is missing/],
    [run([]), /no events/],
    [run([null]), /Event 1 is not an event/],
    [run([{ at: 0, thread: 0 }]), /no `kind`/],
    [run([event("thread_started", {}, 1.5)]), /Event 1: `at`/],
    [run([event("thread_started", {}, 2e9)]), /later than the end/],
    [run([event("thread_started", {}, 5), event("thread_ended", {}, 4)]), /Event 2 is earlier/],
    [run([event("thread_started", {}, 0, 2)]), /names thread 2/],
    [run([event("thread_started", {}, 0, -1)]), /`thread` is not/],
    [run([event("thread_started", {}, 0, 0, 2)]), /names task 2/],
    [run([event("spawned", { task: "0" })]), /`task` is not/],
    [run([event("poll_end", { task: 0, ready: 1 })]), /neither true nor false/],
    [run([event("timer_set", { timer: 0, after: -5 })]), /`after` is not/],
    [run([event("note", { text: {} })]), /not a text/],
    ...["__proto__", "constructor", "toString", "<img>", ["spawned"], 3].map((is) => [run([event(is)]), /kind that is not known/]),
  ];
  for (const [value, message] of bad) {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    assert.throws(() => Trace.read(text), (error) => {
      assert.ok(error instanceof TraceError, `${text.slice(0, 80)}: ${error.stack}`);
      assert.match(error.message, message);
      assert.match(error.message, /Record|open/);
      return true;
    });
  }
});

test("a run that makes no sense is shown as far as it goes", () => {
  const kinds = [["poll_end", { task: 0, ready: false }], ["woken", { task: 1 }], ["unparked"], ["timer_fired", { timer: 4e9 }], ["timer_set", { timer: 1, after: 1.8446744073709552e19 }],
    ["timer_set", { timer: 1, after: 0 }], ["lock_released", { lock: 0 }], ["lock_taken", { lock: 0 }], ["lock_taken", { lock: 0 }], ["spawned", { task: 0 }], ["spawned", { task: 0 }],
    ["poll_begin", { task: 0 }], ["poll_begin", { task: 0 }], ["poll_end", { task: 0, ready: true }], ["spawned", { task: 0 }], ["thread_ended"], ["thread_started"]];
  const trace = read(run(kinds.map(([is, fields]) => event(is, fields))));
  const [replay, words] = [new Replay(trace), new Words(trace)];
  for (let n = trace.length - 1; n >= 0; n--) {
    assert.ok(words.what(n).length > 3);
    assert.ok(words.why(n, replay.at(n)).length > 3);
    assert.ok(new Set(replay.at(n).ready).size <= 2);
  }
});

test("a recorded run that is spoilt in any way is refused, or shown to its end", () => {
  const texts = readdirSync(new URL("traces/", chapters)).map((name) => readFileSync(new URL(`traces/${name}`, chapters), "utf8"));
  let noise = 8n;
  const below = (limit) => {
    noise = BigInt.asUintN(64, noise * 6364136223846793005n + 1442695040888963407n);
    return Number((noise >> 33n) % BigInt(limit));
  };
  const pieces = ["0", "-1", "1e308", "9007199254740993", "null", "true", "[]", "{}", '"__proto__"', '"constructor"', '"woken"', ",", "]", '"\\ud800"'];
  let [refused, shown] = [0, 0];
  for (let i = 0; i < 3000; i++) {
    let text = texts[below(texts.length)];
    for (let changes = 1 + below(3); changes > 0; changes--) {
      const at = below(text.length);
      // A whole number or word is replaced by another, so that much of it is still JSON; or any characters are.
      const to = below(3) ? at + 1 + text.slice(at + 1).search(/[,:}\]]|$/) : at + below(20);
      const from = below(3) ? text.slice(0, at).search(/[^,:{[]*$/) : at;
      text = text.slice(0, from) + pieces[below(pieces.length)] + text.slice(to);
    }
    let trace;
    try {
      trace = Trace.read(text);
    } catch (error) {
      assert.ok(error instanceof TraceError, `${error.stack}\n${text}`);
      refused++;
      continue;
    }
    const [replay, words] = [new Replay(trace), new Words(trace)];
    for (let n = 0; n < trace.length; n++) assert.doesNotMatch(`${words.what(n)} ${words.why(n, replay.at(n))}`, /undefined|NaN/);
    shown++;
  }
  assert.ok(refused > 300 && shown > 30, `${refused} were refused, ${shown} shown`);
});

test("texts lose what would turn the writing direction, break a line, or not end", () => {
  assert.equal(printable("a\u202eb\n\u0000\ud800", 80), "a\\u{202e}b\\u{a}\\u{0}\ufffd");
  assert.equal(printable("<b>&amp;", 80), "<b>&amp;");
  assert.equal([...printable("😀".repeat(1e5), 10)].length, 10);
  assert.equal(printable("שלום 1", 80), "\u2068שלום 1\u2069");
});

test("times are written as in the timeline's own text", () => {
  assert.deepEqual([0, 250, 1000, 1_500_000, 2e9, 90e9].map((nanos) => duration(nanos)), ["0 s", "0.25 µs", "1 µs", "1.5 ms", "2 s", "90 s"]);
});

test("a million events load, and the last is reached from the first by a stride at most", () => {
  const replay = new Replay(new Trace(long(1_000_000, 100)));
  replay.at(0);
  const before = replay.applied;
  replay.at(999_999);
  assert.ok(replay.applied - before <= STRIDE);
});

test("the player's recorded runs are those of chapters/traces, and every event of them can be told", () => {
  let files = [];
  try {
    files = readdirSync(new URL("traces/", chapters)).filter((name) => name.endsWith(".json"));
  } catch (error) {
    assert.equal(error.code, "ENOENT");
  }
  const recorded = Object.fromEntries(files.map((name) => [name.slice(0, -5), JSON.parse(readFileSync(new URL(`traces/${name}`, chapters)))]));
  assert.deepEqual(globalThis.recordedRuns, recorded);
  for (const [name, file] of Object.entries(recorded)) {
    const trace = new Trace(file);
    const [replay, words] = [new Replay(trace), new Words(trace)];
    for (let n = 0; n < trace.length; n++) assert.doesNotMatch(`${words.what(n)} ${words.why(n, replay.at(n))}`, /undefined|NaN|null/, `${name}, event ${n + 1}`);
  }
});
