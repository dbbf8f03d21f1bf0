//! Recordings: who records, on which threads, by which clock.
//!
//! ```text
//!        record(f)                                 a thread that f starts
//!   ---------------------                          ----------------------
//!   CURRENT = recorder, lane 0
//!   f() { ...  inherit() ------ lane 1 reserved ---> enter("pool 1")
//!         ...                                        CURRENT = recorder, lane 1
//!         ...  probes ---> recorder's log <--- probes
//!       }                                            guard dropped: CURRENT as before
//!   CURRENT as before, log taken out: the Timeline
//! ```
//!
//! # Invariants
//!
//! 1. A guard puts back exactly what it found in `CURRENT`, on every path out, a panic included.
//! 2. A thread has one lane in a recording, however often it enters.
//!
//! # Absent on purpose
//!
//! Threads that nobody told of the recording stay out of it: there is no way to reach into a running thread.

use std::{
    marker::PhantomData,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use crate::{
    Kind, ThreadId, Timeline,
    recorder::{Current, Recorder, current, emit, set_current},
};

/// Counts the recordings that are going on in this process.
///
/// | method  | from → to | RMW         | order   | so that                                            |
/// |---------|-----------|-------------|---------|----------------------------------------------------|
/// | `on`    | n → n + 1 | `fetch_add` | Relaxed | this thread's own probes see it, and a child's too |
/// | `off`   | n → n - 1 | `fetch_sub` | Relaxed | probes are cheap again, sooner or later            |
/// | `is_on` | n → n     | `load`      | Relaxed | a probe costs no more than it must                 |
///
/// Nothing stronger is needed. A thread that records has itself turned the count up, or was started or told by one that
/// had, and being started or told is what orders the two. To all others a stale count means a vain look at `CURRENT`.
struct Live(AtomicUsize);

static LIVE: Live = Live(AtomicUsize::new(0));

impl Live {
    fn on(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    fn off(&self) {
        self.0.fetch_sub(1, Relaxed);
    }

    #[inline]
    fn is_on(&self) -> bool {
        self.0.load(Relaxed) != 0
    }
}

/// Tells whether anybody in this process records. Costs one relaxed load.
///
/// ```
/// let (on, _) = timeline::record(timeline::is_on);
/// assert!(on);
/// ```
#[inline]
pub fn is_on() -> bool {
    LIVE.is_on()
}

/// Runs `f` and records what happens on this thread meanwhile, in real time.
///
/// Threads that `f` starts take part if they [`inherit`]. A recording inside a recording hides the outer one until it
/// ends. If `f` panics, the recording ends and the panic goes on.
///
/// ```
/// let (answer, timeline) = timeline::record(|| 42);
/// assert_eq!(answer, 42);
/// assert_eq!(timeline.threads.len(), 1);
/// ```
pub fn record<R>(f: impl FnOnce() -> R) -> (R, Timeline) {
    let start = Instant::now();
    record_with(move || start.elapsed(), f)
}

/// Does what [`record`] does, but asks `now` for the time.
///
/// Only differences count: the recording begins at 0, whatever `now` says then.
///
/// ```
/// use std::time::Duration;
///
/// let ((), timeline) = timeline::record_with(|| Duration::from_secs(5), || ());
/// assert_eq!(timeline.end, Duration::ZERO);
/// ```
pub fn record_with<R>(
    now: impl Fn() -> Duration + Send + Sync + 'static,
    f: impl FnOnce() -> R,
) -> (R, Timeline) {
    let recorder = Arc::new(Recorder::new(Box::new(now)));
    let main = recorder.reserve();
    let on = On::new();
    let lane = Lane::enter(&recorder, main, "main");
    let result = f();
    drop(lane);
    drop(on);
    (result, recorder.finish())
}

/// Reserves a lane in this thread's recording for a thread that is about to be started.
///
/// Lanes come in the order of these calls, so the same program has the same lanes however its threads are scheduled. A
/// no-op while nobody records.
///
/// ```
/// let ((), timeline) = timeline::record(|| {
///     let inherited = timeline::inherit();
///     let child = std::thread::spawn(move || {
///         let _lane = inherited.enter("helper");
///         timeline::probe::note(|| "hello from a child".to_string());
///     });
///     child.join().unwrap();
/// });
/// assert_eq!(timeline.threads[1].name, "helper");
/// ```
pub fn inherit() -> Inherited {
    if !is_on() {
        return Inherited(None);
    }
    Inherited(current().map(|(recorder, _)| {
        let lane = recorder.reserve();
        (recorder, lane)
    }))
}

/// Runs `f` without recording what this thread does meanwhile, or what threads do that it starts.
///
/// ```
/// let ((), timeline) = timeline::record(|| {
///     timeline::unrecorded(|| timeline::probe::note(|| "unheard".to_string()));
/// });
/// assert!(timeline.notes().is_empty());
/// ```
pub fn unrecorded<R>(f: impl FnOnce() -> R) -> R {
    /// Puts back what it holds, on every path (invariant 1).
    struct Before(Option<Current>);

    impl Drop for Before {
        fn drop(&mut self) {
            set_current(self.0.take());
        }
    }

    let _before = is_on().then(|| Before(set_current(None)));
    f()
}

/// Holds a place in a recording for a thread to come. Made by [`inherit`].
///
/// ```
/// let inherited = timeline::inherit(); // Nobody records, so this does nothing...
/// let _lane = inherited.enter("helper"); // ...and nor does this.
/// ```
#[must_use = "a thread takes part only if it calls `enter`"]
pub struct Inherited(Option<(Arc<Recorder>, ThreadId)>);

impl Inherited {
    /// Puts this thread into the recording, under this name, until the guard is dropped.
    ///
    /// A thread that was in it before, or is in it now, keeps its lane and its name.
    pub fn enter(self, name: &str) -> Lane {
        match self.0 {
            Some((recorder, lane)) => Lane::enter(&recorder, lane, name),
            None => Lane { before: None, _not_send: PhantomData },
        }
    }

    /// Copies what has been recorded so far; nothing while nobody records.
    ///
    /// For whoever watches over a program that may never end: a recording is handed back only when it is over.
    ///
    /// ```
    /// let (seen, timeline) = timeline::record(|| {
    ///     timeline::probe::note(|| "before".to_string());
    ///     let seen = timeline::inherit().so_far();
    ///     timeline::probe::note(|| "after".to_string());
    ///     seen
    /// });
    /// assert_eq!(seen.unwrap().notes(), ["before"]);
    /// assert_eq!(timeline.notes(), ["before", "after"]);
    /// ```
    pub fn so_far(&self) -> Option<Timeline> {
        self.0.as_ref().map(|(recorder, _)| recorder.so_far())
    }
}

/// Keeps a thread in a recording. Made by [`Inherited::enter`].
///
/// ```compile_fail,E0277
/// fn is_send<T: Send>() {}
/// is_send::<timeline::Lane>(); // It has to be dropped on the thread that it is about.
/// ```
#[must_use = "the thread leaves the recording when this is dropped"]
pub struct Lane {
    /// What to put back; nothing if nothing was changed.
    before: Option<Option<Current>>,
    _not_send: PhantomData<*const ()>,
}

impl Lane {
    fn enter(recorder: &Arc<Recorder>, reserved: ThreadId, name: &str) -> Lane {
        let is_in = current().is_some_and(|(current, _)| Arc::ptr_eq(&current, recorder));
        let before = (!is_in).then(|| {
            let before = set_current(Some(Current::new(recorder, reserved, name)));
            emit(|_| Kind::ThreadStarted);
            before
        });
        Lane { before, _not_send: PhantomData }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        if let Some(before) = self.before.take() {
            emit(|_| Kind::ThreadEnded);
            set_current(before);
        }
    }
}

/// Keeps the probes on.
struct On;

impl On {
    fn new() -> On {
        LIVE.on();
        On
    }
}

impl Drop for On {
    fn drop(&mut self) {
        LIVE.off();
    }
}
