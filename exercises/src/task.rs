//! A future that a check polls by hand, and the wakers that count what is done with them.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use timeline::probe;

use crate::check::last_waker_dropped;
use crate::counts::uncounted;
use crate::note;

/// Makes wakers that count how often they are called, and how many of them there are.
///
/// ```
/// let counting = exercises::CountingWaker::new("reader");
/// let waker = counting.waker();
/// waker.wake_by_ref();
/// assert_eq!((counting.wakes(), counting.alive()), (1, 1));
/// drop(waker);
/// assert_eq!(counting.alive(), 0);
/// ```
pub struct CountingWaker {
    target: Arc<Target>,
}

struct Target {
    name: &'static str,
    wakes: AtomicUsize,
    /// Whether the task is ready, so that it needs no waker any more.
    over: AtomicBool,
}

/// What a waker holds: all clones of one waker share one, so its end is the end of the last of them.
struct Handle {
    target: Arc<Target>,
    called: AtomicBool,
}

impl CountingWaker {
    /// Makes one, under a name for the recording.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        uncounted(|| {
            let target = Target { name, wakes: AtomicUsize::new(0), over: AtomicBool::new(false) };
            let target = Arc::new(target);
            probe::spawned(key(&target), name);
            Self { target }
        })
    }

    /// Makes a waker. Clones of it do not count as further ones.
    #[must_use]
    pub fn waker(&self) -> Waker {
        let handle = Handle { target: Arc::clone(&self.target), called: AtomicBool::new(false) };
        uncounted(|| Waker::from(Arc::new(handle)))
    }

    /// Polls `future` once, with a new waker of this kind.
    pub fn poll<F: Future>(&self, future: Pin<&mut F>) -> Poll<F::Output> {
        let task = key(&self.target);
        let waker = self.waker();
        uncounted(|| probe::poll_begin(task));
        let poll = future.poll(&mut Context::from_waker(&waker));
        self.target.over.store(poll.is_ready(), SeqCst);
        // Dropped inside the poll: whoever kept no clone has let the last one go here.
        drop(waker);
        uncounted(|| probe::poll_end(task, poll.is_ready()));
        #[cfg(feature = "loom")]
        crate::model::step(|| {
            format!("{} is {}", self.target.name, if poll.is_ready() { "ready" } else { "pending" })
        });
        poll
    }

    /// Tells how often any of its wakers was called.
    #[must_use]
    pub fn wakes(&self) -> usize {
        self.target.wakes.load(SeqCst)
    }

    /// Tells how many of its wakers somebody still has, a waker and its clones counted as one.
    #[must_use]
    pub fn alive(&self) -> usize {
        Arc::strong_count(&self.target) - 1
    }
}

impl fmt::Debug for CountingWaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CountingWaker").field("name", &self.target.name).finish_non_exhaustive()
    }
}

fn key(target: &Arc<Target>) -> usize {
    Arc::as_ptr(target).addr()
}

impl Wake for Handle {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.called.store(true, SeqCst);
        self.target.wakes.fetch_add(1, SeqCst);
        uncounted(|| probe::woken(key(&self.target)));
        #[cfg(feature = "loom")]
        crate::model::step(|| format!("wake {}", self.target.name));
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // One count is the maker's, and one is this handle's. Whoever is over, or was called, needs it no more.
        let is_last = Arc::strong_count(&self.target) == 2;
        if is_last && !self.called.load(SeqCst) && !self.target.over.load(SeqCst) {
            uncounted(|| probe::note(|| last_waker_dropped(self.target.name)));
        }
    }
}

/// Makes a waker that, when it is called, does `what` on another thread and waits until that is done.
///
/// If `what` takes a lock, and the waker is called under that lock, it hangs.
///
/// ```
/// let waker = exercises::busy_waker(|| ());
/// exercises::check(|_| {
///     waker.wake_by_ref();
///     assert_eq!(exercises::notes(), ["a waker has done its work"]);
/// });
/// ```
#[must_use]
pub fn busy_waker(what: impl Fn() + Send + Sync + 'static) -> Waker {
    Waker::from(Arc::new(Busy(Arc::new(what))))
}

struct Busy<F>(Arc<F>);

impl<F: Fn() + Send + Sync + 'static> Wake for Busy<F> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let what = Arc::clone(&self.0);
        thread::spawn(move || what()).join().expect("what it does has not panicked");
        note("a waker has done its work");
    }
}

/// Polls a future by hand, each time with a new waker, and counts polls and wakes.
///
/// ```
/// use std::task::Poll;
///
/// let mut task = exercises::Task::new("answer", std::future::ready(42));
/// assert_eq!(task.poll(), Poll::Ready(42));
/// assert_eq!((task.polls(), task.wakes()), (1, 0));
/// ```
pub struct Task<F> {
    future: Pin<Box<F>>,
    counting: CountingWaker,
    polls: usize,
}

impl<F: Future> Task<F> {
    /// Takes a future, under a name for the recording, and does not poll it.
    #[must_use]
    pub fn new(name: &'static str, future: F) -> Self {
        Self { future: uncounted(|| Box::pin(future)), counting: CountingWaker::new(name), polls: 0 }
    }

    /// Polls it once.
    pub fn poll(&mut self) -> Poll<F::Output> {
        self.polls += 1;
        self.counting.poll(self.future.as_mut())
    }

    /// Polls it, and again whenever it was woken, until it is ready; none if it is pending and nobody has woken it.
    pub fn run(&mut self) -> Option<F::Output> {
        loop {
            let before = self.wakes();
            match self.poll() {
                Poll::Ready(output) => return Some(output),
                Poll::Pending if self.wakes() == before => return None,
                Poll::Pending => {}
            }
        }
    }

    /// Tells how often it was polled.
    #[must_use]
    pub fn polls(&self) -> usize {
        self.polls
    }

    /// Tells how often its wakers were called.
    #[must_use]
    pub fn wakes(&self) -> usize {
        self.counting.wakes()
    }

    /// Tells how many of its wakers somebody has kept.
    #[must_use]
    pub fn wakers(&self) -> usize {
        self.counting.alive()
    }
}

impl<F> fmt::Debug for Task<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("waker", &self.counting)
            .field("polls", &self.polls)
            .finish_non_exhaustive()
    }
}
