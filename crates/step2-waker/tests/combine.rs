//! `join`, `race`, `oneshot`, `unblock` and `submit`: what they promise.

use std::cell::Cell;
use std::future::{Future, pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use step1::BlockingPool;
use step2::{Closed, Either, block_on, join, oneshot, race, submit, unblock, yield_now};

struct SetOnDrop<'a>(&'a Cell<bool>);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.set(true);
    }
}

#[test]
fn join_keeps_the_order_of_its_arguments_whoever_is_first() {
    let slow = async {
        yield_now().await;
        yield_now().await;
        "slow"
    };
    assert_eq!(block_on(join(slow, ready("fast"))), ("slow", "fast"));
}

#[test]
fn join_polls_no_child_after_it_was_ready() {
    // An `async` block panics when it is polled after its end.
    let twice = async {
        yield_now().await;
        yield_now().await;
    };
    block_on(join(async {}, twice));
}

#[test]
fn race_drops_the_loser_and_prefers_the_first() {
    let dropped = Cell::new(false);
    let guard = SetOnDrop(&dropped);
    let loser = async move {
        let _guard = guard;
        pending::<()>().await;
    };
    assert_eq!(block_on(race(loser, ready(2))), Either::Second(2));
    assert!(dropped.get());
    assert_eq!(block_on(race(ready(1), ready(2))), Either::First(1));
}

#[test]
fn a_oneshot_says_when_the_other_half_is_gone() {
    let (sender, receiver) = oneshot::<u32>();
    assert!(!sender.is_closed());
    drop(receiver);
    assert!(sender.is_closed());
    assert_eq!(sender.send(7), Err(7));
    let (sender, receiver) = oneshot::<u32>();
    drop(sender);
    assert_eq!(block_on(receiver), Err(Closed));
}

#[test]
#[should_panic(expected = "a oneshot `Receiver` was polled after it had returned Ready")]
fn a_oneshot_polled_after_ready_panics_clearly() {
    let (sender, receiver) = oneshot();
    sender.send(1).expect("the receiver is there");
    let mut receiver = pin!(receiver);
    let mut cx = Context::from_waker(Waker::noop());
    assert!(receiver.as_mut().poll(&mut cx).is_ready());
    let _ = receiver.poll(&mut cx);
}

#[test]
fn a_job_runs_on_a_thread_of_the_pool_and_its_value_arrives_here() {
    let pool = Arc::new(BlockingPool::new(1, 1));
    let here = std::thread::current().id();
    let there = block_on(unblock(&pool, || std::thread::current().id()));
    assert_ne!(here, there);
}

#[test]
fn a_panic_of_the_job_is_raised_at_the_await_and_the_pool_survives() {
    let pool = Arc::new(BlockingPool::new(1, 1));
    let panic = catch_unwind(AssertUnwindSafe(|| block_on(unblock(&pool, || panic!("the job failed")))))
        .expect_err("the job panics");
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"the job failed"));
    assert_eq!(block_on(unblock(&pool, || 7)), 7);
}

#[test]
fn a_job_that_was_never_polled_never_runs() {
    let pool = Arc::new(BlockingPool::new(1, 1));
    let ran = Arc::new(Mutex::new(false));
    let job = unblock(&pool, {
        let ran = Arc::clone(&ran);
        move || *ran.lock().unwrap() = true
    });
    drop(job);
    drop(pool); // Waits for the pool's threads.
    assert!(!*ran.lock().unwrap());
}

#[test]
fn dropping_the_future_does_not_stop_a_job_that_has_begun() {
    let pool = Arc::new(BlockingPool::new(1, 1));
    let (release, released) = mpsc::channel::<()>();
    let (done, is_done) = mpsc::channel();
    {
        let mut job = pin!(unblock(&pool, move || {
            released.recv().expect("the test releases the job");
            done.send(()).expect("the test waits");
        }));
        assert!(job.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    release.send(()).expect("the job runs on");
    is_done.recv().expect("and comes to its end");
}

#[test]
fn a_full_pool_makes_the_future_wait_and_loses_no_job() {
    let pool = Arc::new(BlockingPool::new(1, 1));
    let jobs =
        (0..100).map(|n| Box::pin(unblock(&pool, move || n)) as std::pin::Pin<Box<dyn Future<Output = i32>>>);
    // A chain of joins: a hundred jobs at once for a queue that holds one.
    let all = jobs.fold(Box::pin(ready(0)) as std::pin::Pin<Box<dyn Future<Output = i32>>>, |sum, job| {
        Box::pin(async {
            let (sum, n) = join(sum, job).await;
            sum + n
        })
    });
    assert_eq!(block_on(all), (0..100).sum::<i32>());
}

/// It used to register a callback at each poll: memory without bound, next to anything that is polled often.
#[test]
fn a_job_that_waits_for_room_registers_once_however_often_it_is_polled() {
    struct Count(AtomicU32);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    let pool = Arc::new(BlockingPool::new(1, 1));
    let ((release, released), (begun, has_begun)) = (mpsc::channel::<()>(), mpsc::channel());
    let running = pool.submit(move || {
        begun.send(()).expect("the test waits");
        released.recv()
    });
    has_begun.recv().expect("the job begins");
    let queued = pool.submit(|| ());
    let count = Arc::new(Count(AtomicU32::new(0)));
    let mut job = Box::pin(unblock(&pool, || 7));
    for _ in 0..100 {
        let waker = Waker::from(Arc::clone(&count));
        assert!(job.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    assert_eq!(Arc::strong_count(&count), 2, "only the latest waker is kept");
    release.send(()).expect("the job waits");
    queued.wait().expect("it does not panic");
    assert_eq!(count.0.load(SeqCst), 1);
    assert_eq!(block_on(job), 7);
    drop(running.wait());
}

/// Has the one thread of a new pool wait until it is released, with a job behind it that fills the queue. Whoever sends
/// on what is returned, or drops it, releases the thread.
fn full_pool() -> (Arc<BlockingPool>, mpsc::Sender<()>) {
    let pool = Arc::new(BlockingPool::new(1, 1));
    let ((release, released), (begun, has_begun)) = (mpsc::channel::<()>(), mpsc::channel());
    drop(pool.submit(move || {
        begun.send(()).expect("the test waits");
        _ = released.recv();
    }));
    has_begun.recv().expect("the job begins");
    drop(pool.submit(|| ()));
    (pool, release)
}

fn poll_once(future: std::pin::Pin<&mut impl Future<Output = ()>>) -> std::task::Poll<()> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn submitting_hands_the_job_over_and_does_not_wait_for_it() {
    let pool = Arc::new(BlockingPool::new(1, 1));
    let (release, released) = mpsc::channel();
    let (done, is_done) = mpsc::channel();
    let job = move || {
        released.recv().expect("the test releases the job");
        done.send(()).expect("the test waits");
    };
    assert!(poll_once(pin!(submit(Arc::clone(&pool), job))).is_ready(), "there is room");
    release.send(()).expect("the job waits");
    is_done.recv().expect("and goes on by itself");
}

#[test]
fn nothing_is_submitted_before_the_first_poll() {
    let pool = Arc::new(BlockingPool::new(1, 1));
    let ran = Arc::new(Mutex::new(Vec::new()));
    let note = |name| {
        let ran = Arc::clone(&ran);
        move || ran.lock().unwrap().push(name)
    };
    let first = submit(Arc::clone(&pool), note("made first"));
    block_on(submit(Arc::clone(&pool), note("polled first")));
    block_on(first);
    drop(pool); // Waits for the jobs.
    assert_eq!(*ran.lock().unwrap(), ["polled first", "made first"]);
}

#[test]
fn submitting_to_a_full_pool_waits_for_room_without_blocking_the_thread() {
    let (pool, release) = full_pool();
    let (sender, receiver) = oneshot();
    let mut submitting = Box::pin(submit(pool, move || sender.send(7).expect("the test waits")));
    assert!(poll_once(submitting.as_mut()).is_pending());
    drop(release);
    block_on(submitting); // Woken when the thread takes a job off the queue.
    assert_eq!(block_on(receiver), Ok(7));
}

#[test]
fn a_job_that_still_waits_for_room_when_its_future_is_dropped_never_runs() {
    let (pool, release) = full_pool();
    let (sender, receiver) = oneshot();
    let mut submitting = Box::pin(submit(Arc::clone(&pool), move || sender.send(()).expect("never called")));
    assert!(poll_once(submitting.as_mut()).is_pending());
    drop(submitting);
    assert_eq!(block_on(receiver), Err(Closed), "it was dropped at once, with what it held");
    drop(release);
    assert_eq!(block_on(unblock(&pool, || "alive")), "alive");
}

#[test]
fn one_of_two_that_wait_for_room_does_not_lose_it_when_the_other_gives_up() {
    let (pool, release) = full_pool();
    let (sender, receiver) = oneshot();
    let mut gives_up = Box::pin(submit(Arc::clone(&pool), || ()));
    let mut stays = Box::pin(submit(pool, move || sender.send(7).expect("the test waits")));
    assert!(poll_once(gives_up.as_mut()).is_pending());
    assert!(poll_once(stays.as_mut()).is_pending());
    drop(gives_up);
    drop(release);
    block_on(stays);
    assert_eq!(block_on(receiver), Ok(7));
}
