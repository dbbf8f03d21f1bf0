// A run in words: who did what, why, and what it came to.
//
//     main wakes task 1 io_operation.                              what(n)    the event, as one sentence
//     Timer 0 has fired. The task goes to the end of the ready     why(n, …)  what led to it, and what follows from it
//     queue; nothing of it runs yet.
//
// All of it is plain text. Whoever shows it shows it as text.
"use strict";

/** The events that are looked at for what led to a wake. */
const FAR_BACK = 256;

/** Writes a time in the largest unit of which it is at least one, with as many of three decimals as it needs. */
function duration(nanos, of = nanos) {
  const [unit, name] = of >= 1e9 || of === 0 ? [1e9, "s"] : of >= 1e6 ? [1e6, "ms"] : [1e3, "µs"];
  return `${Math.floor((nanos / unit) * 1000) / 1000} ${name}`;
}

/** The first `most` of anything that can be gone through. */
function first(items, most) {
  const found = [];
  for (const item of items) if (found.push(item) >= most) break;
  return found;
}

/** Says in sentences what happened in a trace. */
class Words {
  constructor(trace) {
    this.trace = trace;
  }

  task(id) {
    return `task ${id} ${this.trace.tasks[id]}`;
  }

  thread(id) {
    return `thread ${this.trace.threads[id]}`;
  }

  lane(lane) {
    const threads = this.trace.threads.length;
    return lane < threads ? this.thread(lane) : this.task(lane - threads);
  }

  /** Names who holds a lock or waits for it, as a State keeps it. */
  party(who) {
    return who >= 0 ? this.task(who) : this.thread(-1 - who);
  }

  /** Writes a time since the beginning, in the unit that suits the whole run. */
  time(nanos) {
    return duration(nanos, this.trace.end);
  }

  /** Names the task that was being polled, and else the thread. */
  who(n) {
    return this.trace.inside[n] >= 0 ? this.task(this.trace.inside[n]) : this.thread(this.trace.thread[n]);
  }

  what(n) {
    const { id, more, texts } = this.trace;
    const does = {
      thread_started: () => "starts",
      thread_ended: () => "ends",
      spawned: () => `spawns ${this.task(id[n])}`,
      poll_begin: () => `polls ${this.task(id[n])}`,
      poll_end: () => `comes back from ${this.task(id[n])}, which is ${more[n] ? "done" : "pending"}`,
      woken: () => `wakes ${id[n] === this.trace.inside[n] ? "itself" : this.task(id[n])}`,
      cancelled: () => `cancels ${this.task(id[n])}`,
      parked: () => (more[n] < 0 ? "parks until woken" : `parks for ${duration(more[n])} at most`),
      unparked: () => "wakes up",
      timer_set: () => `sets timer ${id[n]} to ${duration(more[n])} from now`,
      timer_fired: () => `sees timer ${id[n]} fire`,
      timer_dropped: () => `gives timer ${id[n]} up`,
      io_ready: () => `hears that source ${id[n]} is ${["ready for nothing", "readable", "writable", "readable and writable"][more[n]]}`,
      lock_wanted: () => `asks for lock ${id[n]}`,
      lock_taken: () => `takes lock ${id[n]}`,
      lock_released: () => `lets go of lock ${id[n]}`,
      note: () => `says “${texts[id[n]]}”`,
    };
    return `${this.who(n)} ${does[this.trace.is(n)]()}`;
  }

  /** What led to the wake at event `n`. */
  cause(n) {
    const { trace } = this;
    if (trace.inside[n] >= 0) return `${this.task(trace.inside[n])} called its waker`;
    for (let i = n - 1; i >= 0 && i > n - FAR_BACK; i--) {
      if (trace.thread[i] !== trace.thread[n] || trace.is(i) === "woken") continue;
      if (trace.is(i) === "timer_fired") return `timer ${trace.id[i]} has fired`;
      if (trace.is(i) === "io_ready") return `source ${trace.id[i]} is ready`;
      if (trace.is(i) === "poll_end" && trace.more[i]) return `${this.task(trace.id[i])} is done`;
      break;
    }
    return `${this.thread(trace.thread[n])} called its waker`;
  }

  /** What event `n` means; `state` is what holds after it. */
  why(n, state) {
    const { trace } = this;
    const id = trace.id[n];
    const says = {
      thread_started: () => "From here on, what it does is recorded.",
      thread_ended: () => "It ended, or its part of the recording did.",
      spawned: () => "The task exists and stands in the ready queue, but none of its code has run.",
      poll_begin: () => "Its code runs, from where it stopped last, until it has to wait or is done. Nobody interrupts it.",
      poll_end: () => {
        if (trace.more[n]) return "Its result is there, and it is never polled again.";
        if (state.effect === "again") return "It was woken while it ran, so it is ready again at once.";
        return "It has to wait, and has left its waker where the news will come. It costs no time until it is woken.";
      },
      woken: () => `${capital(this.cause(n))}. ${EFFECTS[state.effect]}`,
      cancelled: () => "Its future is dropped, with all that it owned. It is never polled again.",
      parked: () => this.sleep(n, state),
      unparked: () => "It was woken, or its time limit has passed. It looks for what can run now.",
      timer_set: () => `It is due at ${this.time(trace.at[n] + trace.more[n])}. Until then nobody has to look at it.`,
      timer_fired: () => "Its deadline has come. Whoever waits for it is woken next.",
      timer_dropped: () => "Nobody waits for it any longer, so it will never fire.",
      io_ready: () => "The system says so. Whoever waits for it is woken next.",
      lock_wanted: () => this.wait(id, state),
      lock_taken: () => "Nobody else gets past this lock until it is let go.",
      lock_released: () => this.next(id, state),
      note: () => "A line of the program itself.",
    };
    return says[trace.is(n)]();
  }

  /** What `thread` is busy with, or why it is not. */
  busy(thread, state) {
    const known = state.threads.get(thread);
    if (!known || known.ended) return "";
    const polled = known.polls.at(-1);
    const inside = polled === undefined ? "" : `polls ${this.task(polled)}`;
    if (known.wants >= 0) return this.wait(known.wants, state);
    if (known.parked < 0) return inside || "runs the loop, or code outside of tasks";
    const limit = this.trace.more[known.parked];
    const until = limit < 0 ? "until it is woken" : `until it is woken, or until ${this.time(this.trace.at[known.parked] + limit)}`;
    return `sleeps since ${this.time(this.trace.at[known.parked])}, ${until}`;
  }

  sleep(n, state) {
    let due = Infinity;
    for (const timer of state.timers.values()) due = Math.min(due, timer.due);
    const limit = this.trace.more[n];
    const deadline = this.trace.at[n] + limit;
    const idle = state.ready.size === 0 ? "Nothing is ready, so it" : "It";
    if (limit < 0) return `${idle} sleeps until somebody wakes it. That costs no processor time.`;
    const timer = Math.abs(due - deadline) < 2e6 ? ", when the next timer is due" : "";
    return `${idle} sleeps until somebody wakes it, or until ${this.time(deadline)}${timer}. That costs no processor time.`;
  }

  wait(id, state) {
    const { holder } = state.lock(id);
    return holder === null ? `Lock ${id} is free: whoever comes first takes it.` : `${capital(this.party(holder))} holds lock ${id}, so this one waits.`;
  }

  next(id, state) {
    const waiting = first(state.lock(id).waiting, 5).map((who) => this.party(who));
    return waiting.length === 0 ? "Nobody waits for it." : `It is free for whoever waits: ${waiting.join(", ")}.`;
  }
}

/** What a wake came to, by the effect that State gives it. */
const EFFECTS = {
  "": "The woken task goes to the end of the ready queue; nothing of it runs yet.",
  queued: "The woken task was in the ready queue already, so nothing changes: two wakes make one poll.",
  running: "The woken task is running just now; it will be ready again as soon as it comes back.",
  over: "The woken task is over, so nothing changes.",
};

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

if (typeof module !== "undefined") module.exports = { Words, duration };
