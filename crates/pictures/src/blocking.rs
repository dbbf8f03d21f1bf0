//! Chapter 1: how long nine requests take, in each of step 1's three ways.
//!
//! Server, sockets, threads and pool are real. The server's hundred milliseconds are made up: a request that has come is
//! answered when as many have come as can be under way at once, and that is when the clock moves. If a strategy had fewer under way,
//! the run would hang; if it had more, the picture would show it.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use step1::{BlockingPool, Errand, Error, Options, pooled, sequential, serve, thread_each};
use timeline::{Event, Figure, Kind, Panel, ThreadId, ThreadInfo, Timeline, probe};

use crate::play::{by_hand, millis, say, secs};

const REQUESTS: usize = 9;
const DELAY: Duration = millis(100);

/// One request: its number, and from when to when the thread that made it was blocked.
type Served = (usize, Duration, Duration);

/// A server's time, which moves when nobody can come any more before somebody has left.
struct Network {
    /// How many requests can be under way at once.
    at_once: usize,
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Default)]
struct State {
    now: Duration,
    under_way: usize,
    served: Vec<Served>,
}

impl Network {
    /// Answers a request, when its time has come.
    fn answer(&self, request: usize) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let from = state.now;
        state.under_way += 1;
        state.served.push((request, from, from + DELAY));
        let left = REQUESTS - state.served.len();
        if state.under_way == self.at_once || left == 0 {
            state.now += DELAY;
            state.under_way = 0;
            self.moved.notify_all();
        }
        while state.now == from {
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Makes all requests in one way, of which so many can be under way at once, and tells when each was served.
fn serve_all(at_once: usize, way: impl FnOnce(&[Errand]) -> Vec<Result<String, Error>>) -> Vec<Served> {
    let network = Arc::new(Network { at_once, state: Mutex::new(State::default()), moved: Condvar::new() });
    let answers = Arc::clone(&network);
    let answer = move |line: &str| {
        answers.answer(line.parse().expect("a request is its number"));
        line.to_owned()
    };
    let server = serve("127.0.0.1:0", Options::default(), answer).expect("there is a port left");
    let ask = |n: usize| Errand::Ask { server: server.addr(), line: n.to_string() };
    let errands: Vec<_> = (1..=REQUESTS).map(ask).collect();
    for result in way(&errands) {
        result.expect("the server answers everybody");
    }
    server.stop();
    let mut served = std::mem::take(&mut network.state.lock().unwrap_or_else(PoisonError::into_inner).served);
    // Those of one moment came in no order.
    served.sort_by_key(|(request, from, _)| (*from, *request));
    served
}

/// Makes a timeline of what was served. A lane is a thread that was blocked: the first that was free.
fn lanes_of(served: &[Served]) -> Timeline {
    let mut free_from: Vec<Duration> = Vec::new();
    let mut events = Vec::new();
    for (request, from, to) in served {
        let free = free_from.iter().position(|free| free <= from).unwrap_or(free_from.len());
        let mut event = |at, kind| {
            events.push(Event { at, thread: ThreadId(free as u32), task: None, kind });
        };
        if free == free_from.len() {
            event(*from, Kind::ThreadStarted);
            free_from.push(*to);
        }
        event(*from, Kind::Note { text: request.to_string() });
        event(*from, Kind::Parked { limit: None });
        event(*to, Kind::Unparked);
        free_from[free] = *to;
    }
    for (thread, at) in (0..).map(ThreadId).zip(&free_from) {
        events.push(Event { at: *at, thread, task: None, kind: Kind::ThreadEnded });
    }
    events.sort_by_key(|event| event.at);
    let end = free_from.iter().max().copied().unwrap_or_default();
    let threads = (1..=free_from.len()).map(|n| ThreadInfo { name: n.to_string() }).collect();
    Timeline { end, threads, tasks: Vec::new(), events }
}

/// Runs the nine requests one after the other, on a thread each, and on a pool of two.
#[must_use]
pub fn blocking_runs() -> [Timeline; 3] {
    let pool = BlockingPool::new(2, REQUESTS);
    [
        lanes_of(&serve_all(1, sequential)),
        lanes_of(&serve_all(REQUESTS, thread_each)),
        lanes_of(&serve_all(2, |errands| pooled(&pool, errands))),
    ]
}

pub(crate) fn picture() -> String {
    let [one, mut each, two] = blocking_runs();
    // There, a thread has the number of its request.
    each.events.retain(|event| !matches!(event.kind, Kind::Note { .. }));
    Figure::new(
        "Nine blocking requests of 100 ms each, made in three ways",
        "One after the other on one thread they take 900 ms, on a thread each 100 ms, on a pool of two threads 500 ms. Every \
         thread is asleep for as long as it waits.",
    )
    .panel(Panel::new("One after the other, on one thread: 900 ms", one).with_notes())
    .panel(Panel::new("A thread each: 100 ms, nine threads (and the caller's, which waits for them)", each))
    .panel(Panel::new("A pool of two threads: 500 ms (the number is the request's)", two).with_notes())
    .svg()
}

/// The note's first program: it blocks for two seconds.
pub(crate) fn program_run() -> Timeline {
    by_hand(|clock| {
        say("Begin operation");
        say("Some time-consuming IO operations...");
        probe::parked(Some(secs(2)));
        clock.advance(secs(2));
        probe::unparked();
        say("End operation");
    })
}
