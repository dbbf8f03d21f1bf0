//! A task: polled when woken, ended once, dropped once, whoever lets go of it last and wherever.
//!
//! Nothing here needs a selector, so that Miri can run all of it: `cargo miri test -p step4 --test task`.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::future::{Future, pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, ThreadId};

use step2::{ThreadPark, block_on, oneshot, yield_now};
use step4::{EventLoop, JoinError, JoinHandle, spawn};

/// Runs `main` on a loop that needs nothing of the system but a thread.
fn run<F: Future + 'static>(main: F) -> F::Output {
    EventLoop::on(ThreadPark::new()).run(main)
}

/// Returns the waker of the task that awaits this.
async fn own_waker() -> Waker {
    poll_fn(|cx| Poll::Ready(cx.waker().clone())).await
}

/// Is pending until it is polled for the second time, and wakes nobody.
async fn wait_for_a_wake() {
    let mut polled = false;
    poll_fn(|_| if std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

/// Remembers the drops of its guards, and the threads on which they were.
#[derive(Clone, Default)]
struct Drops(Arc<Mutex<Vec<ThreadId>>>);

struct Guard(Drops);

impl Drops {
    fn guard(&self) -> Guard {
        Guard(self.clone())
    }

    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn assert_all_here(&self, expected: usize) {
        assert_eq!(*self.0.lock().unwrap(), vec![thread::current().id(); expected]);
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.0.lock().unwrap().push(thread::current().id());
    }
}

/// A waker that counts.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

struct PanicOnDrop;

impl Drop for PanicOnDrop {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

// Await.

#[test]
fn awaiting_a_coroutine_runs_in_line_with_no_turn_of_the_loop() {
    let log = Rc::new(RefCell::new(Vec::new()));
    let (inner, other) = (Rc::clone(&log), Rc::clone(&log));
    run(async move {
        let task = spawn(async move { other.borrow_mut().push("the other task") });
        async { inner.borrow_mut().push("the coroutine") }.await;
        inner.borrow_mut().push("main");
        task.await.unwrap();
    });
    assert_eq!(*log.borrow(), ["the coroutine", "main", "the other task"]);
}

#[test]
fn awaiting_a_task_that_is_done_does_not_suspend() {
    async fn main() {
        let task = spawn(ready(7));
        while !task.is_finished() {
            yield_now().await;
        }
        assert_eq!(task.await.unwrap(), 7);
    }
    let ((), timeline) = timeline::record(|| run(main()));
    assert_eq!(timeline.polls("main"), 2, "one to begin, one after the yield, none for the await");
}

#[test]
fn only_a_real_suspension_lets_others_run() {
    let turns = Rc::new(Cell::new(0));
    let counter = Rc::clone(&turns);
    run(async move {
        let task = spawn(async move { counter.set(counter.get() + 1) });
        for _ in 0..100 {
            ready(()).await;
        }
        assert_eq!(turns.get(), 0, "what is ready at once suspends nobody");
        yield_now().await;
        assert_eq!(turns.get(), 1);
        task.await.unwrap();
    });
}

// Spawn, join, detach.

#[test]
fn a_spawned_task_is_scheduled_and_not_started() {
    run(async {
        let started = Rc::new(Cell::new(false));
        let flag = Rc::clone(&started);
        let task = spawn(async move { flag.set(true) });
        assert!(!started.get());
        assert!(!task.is_finished());
        task.await.unwrap();
        assert!(started.get());
    });
}

#[test]
fn the_output_is_handed_out_once() {
    let panic = run(async {
        let mut task = spawn(ready(String::from("once")));
        assert_eq!((&mut task).await.unwrap(), "once");
        catch_unwind(AssertUnwindSafe(|| {
            let again = pin!(task).poll(&mut Context::from_waker(Waker::noop()));
            assert!(again.is_pending(), "never comes here");
        }))
        .unwrap_err()
    });
    assert_eq!(*panic.downcast::<String>().unwrap(), "a `JoinHandle` was polled after it had returned Ready");
}

#[test]
fn a_detached_task_runs_on() {
    let done = Rc::new(Cell::new(false));
    let flag = Rc::clone(&done);
    run(async move {
        drop(spawn(async move {
            yield_now().await;
            flag.set(true);
        }));
        while !done.get() {
            yield_now().await;
        }
    });
}

#[test]
fn futures_and_outputs_of_any_size_and_alignment_survive_the_trip() {
    #[repr(align(128))]
    struct Aligned([u8; 256]);
    let sum = run(async {
        let nothing = spawn(ready(()));
        let large = spawn(async {
            let aligned = Aligned([1; 256]);
            yield_now().await;
            assert_eq!((&raw const aligned).addr() % 128, 0);
            aligned
        });
        nothing.await.unwrap();
        let Aligned(bytes) = large.await.unwrap();
        bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>()
    });
    assert_eq!(sum, 256);
}

// Panics.

#[test]
fn a_panic_is_the_joiners_error_and_the_loop_goes_on() {
    let (error, other) = run(async {
        let bad = spawn(async { panic!("no {}", "bread") });
        let good = spawn(ready(7));
        (bad.await.unwrap_err(), good.await.unwrap())
    });
    assert_eq!(error.to_string(), "the task panicked: no bread");
    assert_eq!(other, 7);
}

#[test]
fn a_panic_keeps_its_payload() {
    let error = run(async { spawn(async { panic_any(42_u8) }).await.unwrap_err() });
    assert_eq!(error.to_string(), "the task panicked: (no message)");
    let raised = catch_unwind(AssertUnwindSafe(|| error.resume())).unwrap_err();
    assert_eq!(*raised.downcast::<u8>().unwrap(), 42);
}

#[test]
fn a_destructor_that_panics_at_the_end_of_a_task_is_the_joiners_error() {
    let error = run(async {
        let held = PanicOnDrop;
        spawn(async move {
            let _held = held;
        })
        .await
        .unwrap_err()
    });
    assert_eq!(error.to_string(), "the task panicked: dropped");
}

#[test]
fn a_destructor_that_panics_when_its_task_is_aborted_is_the_joiners_error() {
    let error = run(async {
        let held = PanicOnDrop;
        let task = spawn(async move {
            let _held = held;
            pending::<()>().await;
        });
        task.abort();
        task.await.unwrap_err()
    });
    assert_eq!(error.to_string(), "the task panicked: dropped");
}

#[test]
fn an_output_that_nobody_wants_may_panic_as_it_is_dropped() {
    run(async {
        drop(spawn(async { PanicOnDrop })); // Dropped by the loop.
        yield_now().await;
        let task = spawn(async { PanicOnDrop });
        yield_now().await;
        assert!(task.is_finished());
        drop(task); // Dropped by the handle.
    });
}

/// A future whose destructor panics, with an output whose destructor panics too.
struct Doubly;

impl Future for Doubly {
    type Output = PanicOnDrop;

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<PanicOnDrop> {
        Poll::Ready(PanicOnDrop)
    }
}

impl Drop for Doubly {
    fn drop(&mut self) {
        panic!("the future");
    }
}

#[test]
fn a_future_and_its_output_may_both_panic_as_they_are_dropped() {
    let (error, drops) = run(async {
        let drops = Drops::default();
        let guard = drops.guard();
        let neighbour = spawn(async move {
            let _guard = guard;
            yield_now().await;
        });
        let error = spawn(Doubly).await.map(|_| ()).unwrap_err();
        neighbour.await.unwrap();
        (error, drops)
    });
    assert_eq!(error.to_string(), "the task panicked: the future");
    drops.assert_all_here(1);
}

#[test]
fn a_joiners_waker_that_panics_takes_nothing_with_it() {
    struct Panicking;
    impl Wake for Panicking {
        fn wake(self: Arc<Self>) {
            panic!("a waker");
        }
    }
    let output = run(async {
        let mut task = spawn(ready(7));
        let waker = Waker::from(Arc::new(Panicking));
        assert!(Pin::new(&mut task).poll(&mut Context::from_waker(&waker)).is_pending());
        yield_now().await;
        task.await.unwrap()
    });
    assert_eq!(output, 7);
}

// Wakers.

#[test]
fn woken_many_times_a_task_runs_once() {
    async fn sleeper(wakers: mpsc::Sender<Waker>) {
        wakers.send(own_waker().await).unwrap();
        wait_for_a_wake().await;
    }
    let (_, timeline) = timeline::record(|| {
        run(async {
            let (sender, wakers) = mpsc::channel();
            let task = spawn(sleeper(sender));
            yield_now().await;
            let waker = wakers.recv().unwrap();
            for _ in 0..10 {
                waker.wake_by_ref();
                let clone = waker.clone();
                clone.wake();
            }
            task.await.unwrap();
        });
    });
    assert_eq!((timeline.polls("sleeper"), timeline.wakes("sleeper")), (2, 20));
}

#[test]
fn woken_during_its_own_poll_a_task_runs_once_more() {
    async fn restless() {
        let waker = own_waker().await;
        waker.wake_by_ref();
        waker.wake();
        wait_for_a_wake().await;
    }
    let (_, timeline) = timeline::record(|| run(async { spawn(restless()).await.unwrap() }));
    assert_eq!(timeline.polls("restless"), 2);
}

/// It once stood in the queue for another turn, although it had ended, and maybe was freed.
#[test]
fn woken_during_its_last_poll_a_task_is_not_run_again() {
    async fn hasty() {
        own_waker().await.wake();
    }
    let (_, timeline) = timeline::record(|| {
        run(async {
            spawn(hasty()).await.unwrap();
            drop(spawn(hasty())); // Nobody keeps this one.
            yield_now().await;
            yield_now().await;
        });
    });
    assert_eq!(timeline.polls("hasty"), 2, "one for each of the two");
}

#[test]
fn a_waker_kept_after_completion_does_nothing() {
    async fn brief() -> Waker {
        own_waker().await
    }
    let (_, timeline) = timeline::record(|| {
        run(async {
            let waker = spawn(brief()).await.unwrap();
            waker.wake_by_ref();
            yield_now().await;
            waker.wake();
            yield_now().await;
        });
    });
    assert_eq!(timeline.polls("brief"), 1);
}

#[test]
fn a_task_is_woken_from_another_thread_as_often_as_it_waits() {
    let rounds = if cfg!(miri) { 20 } else { 5_000 };
    let (sender, wakers) = mpsc::channel::<Waker>();
    let other = thread::spawn(move || wakers.into_iter().map(Waker::wake).count());
    run(async move {
        spawn(async move {
            for _ in 0..rounds {
                sender.send(own_waker().await).unwrap();
                wait_for_a_wake().await;
            }
        })
        .await
        .unwrap();
    });
    assert_eq!(other.join().unwrap(), rounds);
}

#[test]
fn of_several_joiners_the_latest_is_woken() {
    run(async {
        let (earlier, latest) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
        let mut task = spawn(yield_now());
        for bell in [&earlier, &latest] {
            let waker = Waker::from(Arc::clone(bell));
            assert!(Pin::new(&mut task).poll(&mut Context::from_waker(&waker)).is_pending());
        }
        while !task.is_finished() {
            yield_now().await;
        }
        assert_eq!((earlier.0.load(Relaxed), latest.0.load(Relaxed)), (0, 1));
        assert_eq!((Arc::strong_count(&earlier), Arc::strong_count(&latest)), (1, 1), "none is kept");
    });
}

#[test]
fn forty_thousand_clones_of_a_waker_are_all_counted() {
    let clones = if cfg!(miri) { 400 } else { 40_000 };
    let drops = Drops::default();
    let guard = drops.guard();
    let wakers = run(async move {
        let task = spawn(async move {
            let _guard = guard;
            own_waker().await
        });
        let waker = task.await.unwrap();
        vec![waker; clones]
    });
    drops.assert_all_here(1);
    // Half of them are dropped here and half elsewhere, at the same time; whoever is last frees the task.
    let mut here = wakers;
    let there = here.split_off(clones / 2);
    let other = thread::spawn(move || drop(there));
    drop(here);
    other.join().unwrap();
}

#[test]
fn wakers_cloned_on_one_thread_and_dropped_on_another_balance() {
    let threads = 4;
    let rounds = if cfg!(miri) { 10 } else { 2_000 };
    let drops = Drops::default();
    let guard = drops.guard();
    run(async move {
        let (sender, receiver) = oneshot();
        let left = Arc::new(AtomicUsize::new(threads));
        let count = Arc::clone(&left);
        let task = spawn(async move {
            let _guard = guard;
            sender.send(own_waker().await).unwrap();
            poll_fn(|_| if count.load(Relaxed) == 0 { Poll::Ready(()) } else { Poll::Pending }).await;
        });
        let waker = receiver.await.unwrap();
        let others: Vec<_> = (0..threads)
            .map(|_| {
                let (waker, left) = (waker.clone(), Arc::clone(&left));
                thread::spawn(move || {
                    let mut kept = Vec::new();
                    for round in 0..rounds {
                        waker.wake_by_ref();
                        kept.push(waker.clone());
                        if round % 3 == 0 {
                            kept.clear();
                        }
                    }
                    left.fetch_sub(1, Relaxed);
                    waker.wake();
                    kept // Dropped at home.
                })
            })
            .collect();
        drop(waker);
        task.await.unwrap();
        let kept: Vec<Vec<Waker>> = others.into_iter().map(|other| other.join().unwrap()).collect();
        drop(kept);
    });
    drops.assert_all_here(1);
}

// Who drops what, where, and once.

#[test]
fn a_future_is_dropped_once_on_the_loops_thread_however_it_ends() {
    let drops = Drops::default();
    let guard = || {
        let guard = drops.guard();
        async move {
            let _guard = guard;
            pending::<()>().await;
        }
    };
    let (aborted, started, detached, left_over) = (guard(), guard(), guard(), guard());
    let (finished, panicked) = (drops.guard(), drops.guard());
    let counts = drops.clone();
    run(async move {
        spawn(async move { drop(finished) }).await.unwrap();
        let _error = spawn(async move {
            let _held = panicked;
            panic!("with a guard");
        })
        .await
        .unwrap_err();
        assert_eq!(counts.count(), 2, "the one that finished, the one that panicked");

        let aborted = spawn(aborted);
        aborted.abort();
        assert!(matches!(aborted.await, Err(JoinError::Cancelled)));
        let started = spawn(started);
        yield_now().await;
        started.abort();
        assert!(matches!(started.await, Err(JoinError::Cancelled)));
        assert_eq!(counts.count(), 4, "before its first poll, and after it");

        drop(spawn(detached));
        let _handle = spawn(left_over);
        yield_now().await;
        assert_eq!(counts.count(), 4);
    });
    drops.assert_all_here(6);
}

#[test]
fn an_output_is_dropped_once_whether_it_is_taken_or_not() {
    let drops = Drops::default();
    let output = || {
        let guard = drops.guard();
        async move { guard }
    };
    let (taken, unwanted, never_taken) = (output(), output(), output());
    let counts = drops.clone();
    run(async move {
        let guard = spawn(taken).await.unwrap();
        assert_eq!(counts.count(), 0);
        drop(guard);
        assert_eq!(counts.count(), 1);
        drop(spawn(unwanted));
        yield_now().await;
        assert_eq!(counts.count(), 2, "dropped when the task ends");
        let handle = spawn(never_taken);
        yield_now().await;
        assert_eq!(counts.count(), 2, "kept for the handle");
        drop(handle);
        assert_eq!(counts.count(), 3);
    });
    drops.assert_all_here(3);
}

#[test]
fn a_handle_that_outlives_its_loop_still_has_the_output() {
    let drops = Drops::default();
    let (guard, other) = (drops.guard(), drops.guard());
    let (done, cancelled, dropped) = run(async move {
        let (done, dropped) = (spawn(async move { guard }), spawn(async move { other }));
        yield_now().await;
        (done, spawn(pending::<()>()), dropped)
    });
    assert!(done.is_finished() && cancelled.is_finished());
    assert!(!cancelled.abort(), "the loop's end has cancelled it already");
    assert!(matches!(block_on(cancelled), Err(JoinError::Cancelled)));
    assert_eq!(drops.count(), 0);
    drop(dropped);
    drop(block_on(done).unwrap());
    drops.assert_all_here(2);
}

#[test]
fn a_waker_that_outlives_its_loop_does_nothing_here_or_elsewhere() {
    let drops = Drops::default();
    let guard = drops.guard();
    let waker = run(async move {
        let (sender, receiver) = oneshot();
        drop(spawn(async move {
            let _guard = guard;
            sender.send(own_waker().await).unwrap();
            pending::<()>().await;
        }));
        receiver.await.unwrap()
    });
    drops.assert_all_here(1); // With the loop, although the waker is still there.
    waker.wake_by_ref();
    thread::spawn(move || {
        let clone = waker.clone();
        waker.wake();
        clone.wake_by_ref();
    })
    .join()
    .unwrap();
}

#[test]
fn a_waker_is_called_elsewhere_while_its_loop_ends() {
    for _ in 0..if cfg!(miri) { 10 } else { 500 } {
        let (sender, wakers) = mpsc::channel::<Waker>();
        let other = thread::spawn(move || wakers.into_iter().for_each(Waker::wake));
        let drops = Drops::default();
        let guard = drops.guard();
        let handle = run(async move {
            let handle = spawn(async move {
                let _guard = guard;
                loop {
                    sender.send(own_waker().await).unwrap();
                    wait_for_a_wake().await;
                }
            });
            yield_now().await;
            yield_now().await;
            [handle]
        });
        drops.assert_all_here(1);
        drop::<[JoinHandle<()>; 1]>(handle);
        other.join().unwrap();
    }
}

/// A mailbox is used again by the next loop, maybe on another thread: to the old tasks' wakers, that thread looks like
/// their home, while their handles are still where they were.
#[test]
fn a_waker_of_an_ended_loop_may_be_used_in_the_next_loop_on_another_thread() {
    for _ in 0..if cfg!(miri) { 10 } else { 500 } {
        let (handle, waker) = run(async {
            let (sender, receiver) = oneshot();
            let handle = spawn(async move { sender.send(own_waker().await).unwrap() });
            let waker = receiver.await.unwrap();
            (handle, waker)
        });
        let other = thread::spawn(move || {
            run(async move {
                drop(waker.clone());
                waker.wake_by_ref();
                yield_now().await;
                drop(waker);
            });
        });
        drop(handle);
        other.join().unwrap();
    }
}

#[test]
fn a_joiner_may_drop_the_handle_while_it_is_being_woken() {
    thread_local! {
        static HANDLE: RefCell<Option<JoinHandle<Guard>>> = const { RefCell::new(None) };
    }
    struct DropsTheHandle;
    impl Wake for DropsTheHandle {
        fn wake(self: Arc<Self>) {
            drop(HANDLE.take());
        }
    }
    for keep_a_waker in [false, true] {
        let drops = Drops::default();
        let guard = drops.guard();
        run(async move {
            let (sender, receiver) = oneshot();
            let mut handle = spawn(async move {
                let kept = if keep_a_waker { Some(own_waker().await) } else { None };
                sender.send(kept).unwrap();
                guard
            });
            let waker = Waker::from(Arc::new(DropsTheHandle));
            assert!(Pin::new(&mut handle).poll(&mut Context::from_waker(&waker)).is_pending());
            HANDLE.set(Some(handle));
            drop(receiver.await.unwrap());
        });
        drops.assert_all_here(1);
    }
}

// Errors.

#[test]
fn a_join_error_becomes_an_io_error() {
    use std::io;
    let (cancelled, panicked) = run(async {
        let task = spawn(pending::<()>());
        task.abort();
        (task.await.unwrap_err(), spawn(async { panic!("no bread") }).await.unwrap_err())
    });
    assert_eq!(cancelled.to_string(), "the task was cancelled");
    assert_eq!(io::Error::from(cancelled).kind(), io::ErrorKind::Interrupted);
    assert_eq!(io::Error::from(panicked).to_string(), "the task panicked: no bread");
}

#[test]
fn a_handle_that_has_handed_out_its_outcome_is_finished_and_aborts_nothing() {
    run(async {
        let mut task = spawn(ready(7));
        assert_eq!((&mut task).await.unwrap(), 7);
        assert!(task.is_finished());
        assert!(!task.abort());
    });
}

/// Runs a task to its end, and returns where in memory it was, and its last waker.
async fn place() -> (usize, Waker) {
    let waker = spawn(own_waker()).await.unwrap();
    (waker.data().addr(), waker)
}

/// More than the threads of this process keep for their next tasks.
const FEW: usize = 1_000;

#[test]
#[cfg_attr(any(miri, sanitized), ignore = "each task has a place of its own there")]
fn the_memory_of_tasks_is_used_again() {
    let places = run(async {
        let mut places = HashSet::new();
        for _ in 0..10 * FEW {
            places.insert(place().await.0);
        }
        places.len()
    });
    assert!(places < FEW, "{places}");
}

#[test]
#[cfg_attr(any(miri, sanitized), ignore = "each task has a place of its own there")]
fn the_memory_of_tasks_that_another_thread_frees_comes_back() {
    let (wakers, freed) = mpsc::sync_channel::<Waker>(8);
    let other = thread::spawn(move || freed.into_iter().for_each(drop));
    let places = run(async move {
        let mut places = HashSet::new();
        for _ in 0..10 * FEW {
            let (place, waker) = place().await;
            places.insert(place);
            wakers.send(waker).unwrap();
        }
        places.len()
    });
    other.join().unwrap();
    assert!(places < FEW, "{places}");
}

#[test]
#[cfg_attr(any(miri, sanitized), ignore = "each task has a place of its own there")]
fn the_memory_of_a_thread_that_has_ended_is_used_by_others() {
    let places: HashSet<_> = (0..2 * FEW).map(|_| thread::spawn(|| run(place()).0).join().unwrap()).collect();
    assert!(places.len() < FEW, "{}", places.len());
}
