//! Loops, pools and threads that end while something of theirs is still in use. Each test was a hang or an abort once.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::io;
use std::net::TcpStream as StdTcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use step2::{Park, ThreadPark, block_on, oneshot, yield_now};
use step3::{Clock, ManualClock, sleep};
use step4::{EventLoop, TcpListener, ThreadPool, join_all, run, spawn, spawn_clean_up, unblock};

/// A socket kept from a loop that had ended waited for events that nobody was left to look for.
#[test]
fn a_socket_used_after_its_loop_has_ended_is_an_error() {
    let listener = run(async { TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap() });
    let addr = listener.local_addr().unwrap();
    let error = run(async move { listener.accept().await.unwrap_err() });
    assert!(error.to_string().contains("has ended"), "{error}");
    assert!(StdTcpStream::connect(addr).is_err(), "and the listener is closed when it is dropped");
}

/// The sleeps were dropped from the first driver's wheel without a wake, and a set polls only who was woken.
#[test]
fn sleeps_begun_on_one_driver_go_on_with_the_next() {
    let clock = ManualClock::new();
    let mut all = Box::pin(join_all([20, 30].map(|n| sleep(Duration::from_millis(n)))));
    step3::block_on(poll_fn(|cx| {
        assert!(all.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    }));
    EventLoop::with_clock(Clock::from(&clock)).unwrap().run(all);
}

/// The job waited for the worker, and the worker for the job's thread.
#[test]
fn a_pool_may_be_dropped_by_its_own_blocking_job() {
    let pool = Arc::new(ThreadPool::new(1).unwrap());
    let (last, (release, released), (done, is_done)) = (Arc::clone(&pool), mpsc::channel(), mpsc::channel());
    let (begun, has_begun) = mpsc::channel();
    drop(pool.spawn(unblock(move || {
        begun.send(()).unwrap();
        released.recv().unwrap();
        drop(last);
        done.send(()).unwrap();
    })));
    has_begun.recv().unwrap();
    drop(pool);
    release.send(()).unwrap();
    is_done.recv().unwrap();
}

struct AtExit(Option<Box<dyn FnOnce()>>);

impl Drop for AtExit {
    fn drop(&mut self) {
        self.0.take().into_iter().for_each(|f| f());
    }
}

thread_local! {
    static AT_EXIT: RefCell<AtExit> = const { RefCell::new(AtExit(None)) };
}

/// The pool's own thread-local was gone by then, and the process aborted.
#[test]
fn a_pool_may_be_used_and_dropped_as_its_users_thread_ends() {
    let (sender, receiver) = oneshot();
    let waiting = thread::spawn(move || {
        AT_EXIT.with_borrow(|_| ()); // Before the pool's, so that it is destroyed after it.
        let pool = ThreadPool::new(1).unwrap();
        let waiting = pool.spawn(receiver);
        AT_EXIT.with_borrow_mut(|at_exit| {
            at_exit.0 = Some(Box::new(move || {
                sender.send(7).unwrap();
                // To spawn asked the same thread-local whether this is a worker, and aborted the process, too.
                assert_eq!(block_on(pool.spawn(async { 8 })).unwrap(), 8);
                drop(pool);
            }));
        });
        waiting
    });
    // Woken in time or cancelled by the end of the pool; but the handle answers.
    drop(block_on(waiting.join().unwrap()));
}

/// Panics when it is woken, with a payload that panics when it is dropped.
struct Bomb;

impl Wake for Bomb {
    fn wake(self: Arc<Self>) {
        std::panic::panic_any(Payload);
    }
}

struct Payload;

impl Drop for Payload {
    fn drop(&mut self) {
        if !thread::panicking() {
            panic!("even the payload panics");
        }
    }
}

/// The payload's panic unwound into the executor: a loop that never ended, and a worker that was gone.
#[test]
#[cfg_attr(any(miri, sanitized), ignore = "what the second panic leaves behind leaks, as it should")]
fn a_joiner_whose_waker_panics_with_a_payload_that_panics_harms_nobody() {
    let bomb = Waker::from(Arc::new(Bomb));
    EventLoop::on(ThreadPark::new()).run({
        let bomb = bomb.clone();
        async move {
            let mut task = spawn(async { 1 });
            assert!(pin!(&mut task).poll(&mut Context::from_waker(&bomb)).is_pending());
            yield_now().await;
            assert_eq!(task.await.unwrap(), 1);
        }
    });

    let pool = ThreadPool::new(1).unwrap();
    let (sender, receiver) = oneshot();
    let mut task = pool.spawn(receiver);
    assert!(pin!(&mut task).poll(&mut Context::from_waker(&bomb)).is_pending());
    sender.send(7).unwrap();
    assert_eq!(block_on(pool.spawn(async { 8 })).unwrap(), 8, "the worker lives on");
}

/// A park that the system has let down.
struct Broken(ThreadPark);

impl Park for Broken {
    fn waker(&self) -> Waker {
        self.0.waker()
    }

    fn park(&mut self, _limit: Option<Duration>) -> io::Result<bool> {
        Err(io::Error::other("the selector is gone"))
    }
}

/// A task that is dropped says so.
struct SaysSo(Rc<Cell<u32>>);

impl Drop for SaysSo {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

/// The loop ended with a panic, and had to sleep once more for its clean-ups: that was a second panic, and the process aborted.
/// If there was only the second, the clean-ups stayed in the thread's queue; the next loop on the thread polled them, and
/// waited without end for them to be cancelled.
#[test]
fn a_loop_whose_park_fails_leaves_nothing_to_the_next_loop_on_its_thread() {
    let dropped = Rc::new(Cell::new(0));
    let never = |dropped: &Rc<Cell<u32>>| {
        let says_so = SaysSo(Rc::clone(dropped));
        drop(spawn_clean_up(async move {
            let _says_so = says_so;
            pending::<()>().await;
        }));
    };
    for main_has_to_wait in [true, false] {
        let (inside, park) = (Rc::clone(&dropped), Broken(ThreadPark::new()));
        let ended = catch_unwind(AssertUnwindSafe(|| {
            EventLoop::on(park).run(async move {
                never(&inside);
                if main_has_to_wait {
                    pending::<()>().await;
                }
            });
        }));
        assert_eq!(ended.is_err(), main_has_to_wait, "main's outcome is given, if there is one");
    }
    assert_eq!(dropped.get(), 2);
    assert_eq!(run(async { spawn(async { 7 }).await.unwrap() }), 7);
}
