//! An event loop as one of the lock's threads: it runs its tasks under the lock, and sleeps without it.
//!
//! Step 4's loop knows nothing of this, nor do steps 5 and 6 on top of it. All that is new is how it sleeps: [`GilPark`] lets go
//! of the lock, sleeps in the park below, and takes the lock again. A thread of a [`Machine`](crate::Machine) interprets
//! meanwhile.
//!
//! ```text
//!   EventLoop     polls tasks ── park ───────────────────────────────── polls tasks …
//!   TimerDriver                  how long?                 fires timers
//!   GilPark       ═ the lock is held ═══ let go ┐   ┌ take ═════════════════════════
//!   IoDriver                                    epoll      here alone it is not held
//! ```
//!
//! It belongs right around the park that makes the system call, and so *below* the timers. Then the wheel turns under the
//! lock, and after the wait for it: what has come due during that wait fires in this turn, not in the next. asyncio has the same
//! order: it asks for the next deadline, selects without the GIL, and then takes what is due off its heap.
//!
//! # Invariants
//!
//! 1. The lock is held from `new` until the park is dropped, but for the time inside the park below. So tasks run, timers
//!    fire and destructors of tasks run under the lock, and no two loops of one lock run tasks at once.
//! 2. What the park below does, it does without the lock: it calls and drops the wakers of sockets. A waker needs no token; it
//!    puts a task into a queue. If one that is dropped there is the last to keep an object, that is counted down by whoever
//!    has the lock next, as everywhere (see [`plain`](crate::plain)).
//! 3. There is no token while the lock is let go. Tokens exist inside of [`LoopGil::with`] alone, which borrows the guard;
//!    letting go borrows it for itself.
//! 4. The lock is let go with the park. A handle that is kept longer holds nothing.
//!
//! # What stays with the one who writes tasks
//!
//! - A task that computes for long, or blocks, keeps the lock from all other threads, as well as its loop from the other
//!   tasks. If it must compute here, it calls [`LoopGil::check`] now and then.
//! - A task cannot take the lock that its thread holds: [`ThreadState::take`](crate::ThreadState::take), and so `Machine::run` and
//!   `Machine::builder(..).build()`, panic there. Run a program on another thread: `step4::unblock(move || machine.run(..)).await`.
//!   That thread has the lock while the loop sleeps, and in turns with it.
//!
//! # Source
//!
//! CPython's `Modules/selectmodule.c`: `Py_BEGIN_ALLOW_THREADS` around `epoll_wait`, whatever the timeout; and
//! `BaseEventLoop._run_once` around that.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::rc::Rc;
use std::task::Waker;
use std::time::Duration;

use step2::{Entered, Park};

use crate::{Gil, GilGuard, Py};

/// Lets go of a [`Gil`] while it sleeps in `P`, and holds it otherwise.
///
/// Each park lets go, also one that only looks (limit zero), as a loop does whose queue is not empty. If nobody wants the lock
/// that costs some 0.13 µs for each turn of the loop, which is up to 61 polls and takes 1 µs at least. If somebody has asked for
/// it, the lock is handed over first, and the system call comes after that.
///
/// To come back is another matter: whoever interprets meanwhile is asked after an interval, 5 ms, and not before. So a loop
/// that wakes up beside such a thread is late by that, each time. And a loop that never sleeps offers the lock at each turn, loses
/// it after some turns, and waits for an interval: beside one thread that computed, its turns took 5 to 300 µs on average. (Had
/// it let go only when asked, it would have been 2 µs. CPython does not look, either.)
///
/// ```
/// use std::time::Duration;
/// use step3::{Clock, TimerDriver, sleep};
/// use step4::{EventLoop, IoDriver};
/// use step7::{Gil, GilPark};
///
/// let gil = Gil::default();
/// let park = GilPark::new(&gil, IoDriver::new()?);
/// let same = gil.clone();
/// EventLoop::on(TimerDriver::new(park, Clock::real())).run(async move {
///     assert!(same.is_held_here());
///     sleep(Duration::from_millis(1)).await; // Without the lock: others can run.
///     assert!(same.is_held_here());
/// });
/// assert!(!gil.is_taken());
/// # std::io::Result::Ok(())
/// ```
pub struct GilPark<P> {
    lock: LoopGil,
    park: P,
}

impl<P: Park> GilPark<P> {
    /// Waits for the lock, and keeps it, but for when it sleeps in `park`.
    ///
    /// # Panics
    ///
    /// As [`ThreadState::take`](crate::ThreadState::take).
    #[must_use]
    pub fn new(gil: &Gil, park: P) -> Self {
        Self { lock: LoopGil { guard: Rc::new(RefCell::new(Some(gil.thread().hold()))) }, park }
    }

    /// Returns the tasks' way to the lock.
    #[must_use]
    pub fn handle(&self) -> LoopGil {
        self.lock.clone()
    }
}

impl<P: Park> Park for GilPark<P> {
    fn waker(&self) -> Waker {
        self.park.waker()
    }

    /// Lets go of the lock, sleeps in the park below, and takes the lock again.
    ///
    /// # Errors
    ///
    /// As the park below. The lock is taken again all the same.
    ///
    /// # Panics
    ///
    /// Panics inside of [`LoopGil::with`]; with the panic of the park below; and with that of a pending call.
    fn park(&mut self, limit: Option<Duration>) -> io::Result<bool> {
        let park = &mut self.park;
        self.lock.with_guard(|guard| guard.allow_threads(|| park.park(limit)))
    }

    fn enter(&self) -> Entered {
        self.park.enter()
    }
}

impl<P> Drop for GilPark<P> {
    /// Lets go of the lock for good, whoever has a handle (invariant 4). The park below is dropped after that.
    fn drop(&mut self) {
        drop(self.lock.guard.take());
    }
}

impl<P: fmt::Debug> fmt::Debug for GilPark<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GilPark").field("park", &self.park).finish_non_exhaustive()
    }
}

/// What tasks know of the lock that their loop holds. Clones are the same; they stay on the loop's thread.
///
/// ```
/// use step3::{Clock, TimerDriver};
/// use step4::{EventLoop, IoDriver, spawn};
/// use step7::{Gil, GilPark, LoopGil, Plain, Value};
///
/// let gil = Gil::default();
/// let park = GilPark::new(&gil, IoDriver::new()?);
/// let lock: LoopGil = park.handle();
/// EventLoop::on(TimerDriver::new(park, Clock::real())).run(async move {
///     let list: Value<Plain> = lock.with(|py| Value::list(vec![Value::Int(1)], py));
///     let copy = lock.with(|py| list.clone_ref(py));
///     let task = spawn(async move { lock.with(|py| copy.is_true(py)) });
///     assert!(task.await.unwrap());
/// });
/// # std::io::Result::Ok(())
/// ```
///
/// A token stays inside, so none is left at an `await`:
///
/// ```compile_fail
/// # fn f(lock: &step7::LoopGil) {
/// let stale = lock.with(|py| py);
/// # }
/// ```
#[derive(Clone)]
pub struct LoopGil {
    /// Empty once the park is gone.
    guard: Rc<RefCell<Option<GilGuard<'static>>>>,
}

impl LoopGil {
    /// Calls `f` with the proof that the lock is held. Costs no more than a borrow.
    ///
    /// Other threads wait meanwhile, and nothing in there lets go: what was seen stays as it was until `f` returns.
    ///
    /// # Panics
    ///
    /// Panics if the loop has ended, and while the lock is let go: in a pending call, or a waker that the park below calls.
    pub fn with<R>(&self, f: impl FnOnce(Py<'_>) -> R) -> R {
        let guard = self.guard.try_borrow().expect("there is no token while the loop's lock is let go");
        f(guard.as_ref().expect(ENDED).py())
    }

    /// Lets others have the lock if they have asked for it, in the middle of a task; returns whether it did.
    ///
    /// See [`GilGuard::check`]. The other *tasks* do not run meanwhile: for that, await `step2::yield_now`.
    ///
    /// # Panics
    ///
    /// As [`with`](Self::with); and inside of `with`, whose token must not outlive a check. With the panic of a pending
    /// call.
    pub fn check(&self) -> bool {
        self.with_guard(GilGuard::check)
    }

    fn with_guard<R>(&self, f: impl FnOnce(&mut GilGuard<'static>) -> R) -> R {
        let mut guard = self.guard.try_borrow_mut().expect("the loop's lock is not let go inside of `with`");
        f(guard.as_mut().expect(ENDED))
    }
}

const ENDED: &str = "the loop has ended, and has let go of its lock";

impl fmt::Debug for LoopGil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoopGil").finish_non_exhaustive()
    }
}
