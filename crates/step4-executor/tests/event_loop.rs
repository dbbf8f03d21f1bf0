//! The event loop: whose turn it is, when timers and sockets are looked at, and what is left when it ends.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use step2::{Park, ThreadPark, block_on, oneshot, yield_now};
use step3::{Clock, ManualClock, now, sleep};
use step4::{EventLoop, IoDriver, JoinError, UdpSocket, gather, run, spawn};

/// What happened, in order.
#[derive(Clone, Default)]
struct Log(Rc<RefCell<Vec<String>>>);

impl Log {
    fn add(&self, line: impl Into<String>) {
        self.0.borrow_mut().push(line.into());
    }

    fn lines(&self) -> Vec<String> {
        self.0.take()
    }
}

/// Says its name when it is dropped.
struct Says(Log, &'static str);

impl Drop for Says {
    fn drop(&mut self) {
        self.0.add(self.1);
    }
}

/// Runs `main` on a loop of which the time passes only as it sleeps, or as `clock` is moved.
fn run_by<F: Future + 'static>(clock: &ManualClock, main: F) -> F::Output {
    EventLoop::with_clock(Clock::from(clock)).unwrap().run(main)
}

/// Returns what the panic of `f` says.
fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    let payload = catch_unwind(AssertUnwindSafe(|| drop(f()))).unwrap_err();
    payload
        .downcast::<String>()
        .map_or_else(|payload| payload.downcast::<&str>().unwrap().to_string(), |s| *s)
}

// Turns.

#[test]
fn ready_tasks_run_first_in_first_out() {
    let log = Log::default();
    let lines = log.clone();
    run(async move {
        let tasks = ["a", "b", "c"].map(|name| {
            let log = log.clone();
            spawn(async move { log.add(name) })
        });
        gather(tasks).await.unwrap();
    });
    assert_eq!(lines.lines(), ["a", "b", "c"]);
}

#[test]
fn tasks_that_yield_take_turns_round_robin() {
    let log = Log::default();
    let lines = log.clone();
    run(async move {
        let tasks = ["a", "b", "c"].map(|name| {
            let log = log.clone();
            spawn(async move {
                for round in 1..=3 {
                    log.add(format!("{name}{round}"));
                    yield_now().await;
                }
            })
        });
        gather(tasks).await.unwrap();
    });
    assert_eq!(lines.lines(), ["a1", "b1", "c1", "a2", "b2", "c2", "a3", "b3", "c3"]);
}

#[test]
fn a_sleep_of_zero_is_a_turn_for_everyone_else() {
    let log = Log::default();
    let lines = log.clone();
    let clock = ManualClock::new();
    run_by(&clock, async move {
        let tasks = ["a", "b"].map(|name| {
            let log = log.clone();
            spawn(async move {
                for round in 1..=2 {
                    log.add(format!("{name}{round}"));
                    sleep(Duration::ZERO).await;
                }
            })
        });
        gather(tasks).await.unwrap();
    });
    assert_eq!(lines.lines(), ["a1", "b1", "a2", "b2"]);
    assert_eq!(clock.now(), Duration::ZERO);
}

#[test]
fn what_is_added_during_a_turn_runs_behind_what_was_there() {
    let log = Log::default();
    let lines = log.clone();
    run(async move {
        let (first, second, late) = (log.clone(), log.clone(), log.clone());
        let parent = spawn(async move {
            first.add("first");
            drop(spawn(async move { late.add("added by the first") }));
        });
        let other = spawn(async move { second.add("second") });
        parent.await.unwrap();
        other.await.unwrap();
        yield_now().await;
    });
    assert_eq!(lines.lines(), ["first", "second", "added by the first"]);
}

#[test]
fn a_task_woken_twice_before_it_runs_runs_once() {
    async fn twice(first: step2::Receiver<()>, second: step2::Receiver<()>) {
        step2::join(first, second).await.0.unwrap();
    }
    let ((), timeline) = timeline::record(|| {
        run(async {
            let ((a, first), (b, second)) = (oneshot(), oneshot());
            let task = spawn(twice(first, second));
            yield_now().await;
            a.send(()).unwrap();
            b.send(()).unwrap();
            task.await.unwrap();
        });
    });
    assert_eq!((timeline.wakes("twice"), timeline.polls("twice")), (2, 2));
}

#[test]
fn waiters_run_in_the_order_in_which_they_were_woken() {
    let log = Log::default();
    let lines = log.clone();
    run(async move {
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..4).map(|_| oneshot::<()>()).unzip();
        let waiters: Vec<_> = (0..4)
            .zip(receivers)
            .map(|(n, receiver)| {
                let log = log.clone();
                spawn(async move {
                    receiver.await.unwrap();
                    log.add(format!("waiter {n}"));
                })
            })
            .collect();
        yield_now().await;
        for sender in senders.into_iter().rev() {
            sender.send(()).unwrap();
        }
        gather(waiters).await.unwrap();
    });
    assert_eq!(lines.lines(), ["waiter 3", "waiter 2", "waiter 1", "waiter 0"]);
}

#[test]
fn a_failing_task_is_reported_and_the_loop_goes_on() {
    let (error, others) = run(async {
        let others = (0..3).map(|n| {
            spawn(async move {
                yield_now().await;
                n
            })
        });
        let others: Vec<_> = others.collect();
        let error = spawn(async { panic!("no bread") }).await.unwrap_err();
        (error, gather(others).await.unwrap())
    });
    assert_eq!(error.to_string(), "the task panicked: no bread");
    assert_eq!(others, [0, 1, 2]);
}

#[test]
fn a_hundred_thousand_tasks_are_spawned_and_joined() {
    const MANY: u64 = if cfg!(miri) { 300 } else { 100_000 };
    let sum = run(async {
        let tasks: Vec<_> = (0..MANY).map(|n| spawn(async move { n })).collect();
        gather(tasks).await.unwrap().into_iter().sum::<u64>()
    });
    assert_eq!(sum, MANY * (MANY - 1) / 2);
}

#[test]
fn futures_that_are_not_send_are_welcome() {
    let shared = Rc::new(Cell::new(0));
    let count = Rc::clone(&shared);
    run(async move {
        let tasks = (0..10).map(|_| {
            let count = Rc::clone(&count);
            spawn(async move {
                yield_now().await;
                count.set(count.get() + 1);
            })
        });
        let tasks: Vec<_> = tasks.collect();
        gather(tasks).await.unwrap();
    });
    assert_eq!(shared.get(), 10);
}

// Timers and sockets.

#[test]
fn sleeps_overlap_and_end_in_the_order_of_their_deadlines() {
    let log = Log::default();
    let lines = log.clone();
    let clock = ManualClock::new();
    run_by(&clock, async move {
        let tasks = [3, 1, 2].map(|seconds| {
            let log = log.clone();
            spawn(async move {
                sleep(Duration::from_secs(seconds)).await;
                log.add(format!("{seconds} s, at {:?}", now()));
            })
        });
        gather(tasks).await.unwrap();
    });
    assert_eq!(lines.lines(), ["1 s, at 1s", "2 s, at 2s", "3 s, at 3s"]);
    assert_eq!(clock.now(), Duration::from_secs(3), "the longest, not the sum");
}

#[test]
fn a_busy_queue_does_not_starve_timers() {
    let clock = ManualClock::new();
    let time = clock.clone();
    let turns = run_by(&clock, async move {
        let timer = spawn(sleep(Duration::from_millis(10)));
        let mut turns = 0;
        while !timer.is_finished() {
            time.advance(Duration::from_millis(1)); // As if each turn took that long.
            turns += 1;
            yield_now().await;
        }
        turns
    });
    assert!((10..=10 + 2 * 61).contains(&turns), "{turns} turns");
}

#[test]
#[cfg_attr(miri, ignore = "Miri has no datagrams")]
fn a_busy_queue_does_not_starve_sockets() {
    run(async {
        let any = "127.0.0.1:0".parse().unwrap();
        let (sender, receiver) = (UdpSocket::bind(any).unwrap(), UdpSocket::bind(any).unwrap());
        let to = receiver.local_addr().unwrap();
        let received = spawn(async move { receiver.recv_from(&mut [0; 8]).await.unwrap().0 });
        yield_now().await; // It waits now, and only the selector can tell of what comes.
        sender.send_to(b"hello", to).await.unwrap();
        let mut turns = 0;
        while !received.is_finished() {
            turns += 1;
            assert!(turns < 1_000_000, "the queue was never empty, and the socket never looked at");
            yield_now().await;
        }
        assert_eq!(received.await.unwrap(), 5);
    });
}

#[test]
fn a_loop_with_nothing_to_run_sleeps() {
    let clock = ManualClock::new();
    let time = clock.clone();
    let ((), timeline) =
        timeline::record_with(move || time.now(), || run_by(&clock, sleep(Duration::from_secs(3600))));
    assert_eq!(timeline.parks(), 1);
    assert_eq!(timeline.polls("Sleep"), 2);
}

#[test]
fn a_wake_from_another_thread_ends_the_loops_sleep() {
    run(async {
        for _ in 0..100 {
            let (sender, receiver) = oneshot();
            let other = thread::spawn(move || sender.send(7).unwrap());
            assert_eq!(receiver.await, Ok(7));
            other.join().unwrap();
        }
    });
}

// The end.

#[test]
fn run_returns_the_value_or_the_error_of_main() {
    assert_eq!(run(async { 42 }), 42);
    let error: io::Result<()> = run(async { Err(io::Error::other("no bread")) });
    assert_eq!(error.unwrap_err().to_string(), "no bread");
}

#[test]
fn a_panic_of_main_is_the_panic_of_run_and_leaves_nothing_behind() {
    let log = Log::default();
    let (lines, says) = (log.clone(), Says(log, "the other task's destructor"));
    let message = panic_of(|| {
        run(async move {
            drop(spawn(async move {
                let _says = says;
                pending::<()>().await;
            }));
            yield_now().await;
            panic!("main has had {}", "enough");
        })
    });
    assert_eq!(message, "main has had enough");
    assert_eq!(lines.lines(), ["the other task's destructor"]);
    assert_eq!(run(async { "another loop runs here" }), "another loop runs here");
}

#[test]
fn what_is_left_is_cancelled_and_its_destructors_run_before_run_returns() {
    let log = Log::default();
    let lines = log.clone();
    let (first, second) = (Says(log.clone(), "a destructor"), Says(log.clone(), "a destructor"));
    let handles = run(async move {
        let handles = [first, second].map(|says| {
            spawn(async move {
                let _says = says;
                sleep(Duration::from_secs(3600)).await;
                unreachable!("main ends first");
            })
        });
        yield_now().await;
        log.add("main ends");
        handles
    });
    lines.add("run has returned");
    assert_eq!(lines.lines(), ["main ends", "a destructor", "a destructor", "run has returned"]);
    for handle in handles {
        assert!(matches!(block_on(handle), Err(JoinError::Cancelled)));
    }
}

#[test]
fn a_destructor_that_spawns_while_the_loop_ends_gets_a_task_that_is_cancelled() {
    struct Spawns(Log, u32);
    impl Drop for Spawns {
        fn drop(&mut self) {
            self.0.add(format!("dropped {}", self.1));
            if self.1 > 0 {
                let next = Spawns(self.0.clone(), self.1 - 1);
                drop(spawn(async move {
                    next.0.add("started");
                    loop {
                        yield_now().await; // It would keep the loop from its end.
                    }
                }));
            }
        }
    }
    let log = Log::default();
    let lines = log.clone();
    run(async move {
        let spawns = Spawns(log, 2);
        drop(spawn(async move {
            let _spawns = spawns;
            pending::<()>().await;
        }));
        yield_now().await;
    });
    assert_eq!(lines.lines(), ["dropped 2", "dropped 1", "dropped 0"]);
}

#[test]
fn a_destructor_that_panics_while_the_loop_ends_stops_no_other() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("in a destructor, as the loop ends");
        }
    }
    let log = Log::default();
    let lines = log.clone();
    let output = run(async move {
        for _ in 0..2 {
            let says = Says(log.clone(), "another destructor");
            drop(spawn(async move {
                let (_says, _panics) = (says, Panics);
                pending::<()>().await;
            }));
        }
        yield_now().await;
        "main's output"
    });
    assert_eq!(output, "main's output");
    assert_eq!(lines.lines(), ["another destructor"; 2]);
}

#[test]
fn more_tasks_than_a_turn_holds_are_all_cancelled() {
    let log = Log::default();
    let lines = log.clone();
    run(async move {
        for _ in 0..1_000 {
            let says = Says(log.clone(), "dropped");
            drop(spawn(async move {
                let _says = says;
                pending::<()>().await;
            }));
        }
    });
    assert_eq!(lines.lines().len(), 1_000);
}

/// A park that works for a while.
struct FailsAfter(ThreadPark, u32);

impl Park for FailsAfter {
    fn waker(&self) -> Waker {
        self.0.waker()
    }

    fn park(&mut self, _limit: Option<Duration>) -> io::Result<bool> {
        self.1 = self.1.checked_sub(1).ok_or_else(|| io::Error::other("no sleep to be had"))?;
        self.0.park(Some(Duration::ZERO))
    }
}

#[test]
fn a_park_that_fails_is_a_panic_of_run_and_leaves_nothing_behind() {
    let log = Log::default();
    let (lines, says) = (log.clone(), Says(log, "dropped"));
    let message = panic_of(|| {
        EventLoop::on(FailsAfter(ThreadPark::new(), 3)).run(async move {
            drop(spawn(async move {
                let _says = says;
                pending::<()>().await;
            }));
            pending::<()>().await;
        });
    });
    assert!(message.contains("the event loop's park failed"), "{message}");
    assert!(message.contains("no sleep to be had"), "{message}");
    assert_eq!(lines.lines(), ["dropped"]);
    assert_eq!(run(async { 7 }), 7);
}

#[test]
fn a_park_may_return_early_for_no_reason() {
    let polls = EventLoop::on(FailsAfter(ThreadPark::new(), 1_000)).run(async {
        let (sender, receiver) = mpsc::channel::<Waker>();
        let other = thread::spawn(move || receiver.recv().unwrap().wake());
        let mut polls = 0;
        poll_fn(|cx| {
            polls += 1;
            if polls == 2 {
                return Poll::Ready(());
            }
            sender.send(cx.waker().clone()).unwrap();
            // The wake is there before the loop looks: the point is that looking often polls nobody.
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        other.join().unwrap();
        polls
    });
    assert_eq!(polls, 2);
}

// Bad use.

#[test]
fn a_loop_inside_a_loop_is_refused_and_the_outer_one_goes_on() {
    let (messages, output) = run(async {
        let before = spawn(async { "spawned before" });
        let messages =
            [panic_of(|| run(async {})), panic_of(|| EventLoop::on(ThreadPark::new()).run(async {}))];
        (messages, before.await.unwrap())
    });
    for message in messages {
        assert_eq!(
            message,
            "an event loop is running on this thread already: `await` the future, or `spawn` it, instead of calling `run`"
        );
    }
    assert_eq!(output, "spawned before");
}

#[test]
fn spawn_outside_of_a_loop_says_what_to_do() {
    let message = panic_of(|| spawn(async {}));
    assert!(message.contains("`spawn` needs an event loop that runs on this thread"), "{message}");
    assert!(message.contains("call it inside `step4::run`"), "{message}");
}

#[test]
#[cfg_attr(miri, ignore = "Miri has no datagrams")]
fn a_sleep_without_timers_and_a_socket_without_a_selector_say_what_is_missing() {
    let no_timers = EventLoop::on(ThreadPark::new())
        .run(async { spawn(sleep(Duration::from_secs(1))).await.unwrap_err().to_string() });
    assert!(no_timers.contains("no timer driver on this thread"), "{no_timers}");
    let no_selector = EventLoop::on(ThreadPark::new())
        .run(async { panic_of(|| UdpSocket::bind("127.0.0.1:0".parse().unwrap())) });
    assert!(no_selector.contains("no IO driver on this thread"), "{no_selector}");
}

#[test]
fn loops_run_one_after_the_other_and_side_by_side() {
    let loops: Vec<_> = (0..4)
        .map(|n| {
            thread::spawn(move || {
                (0..50).map(|_| run(async move { spawn(async move { n }).await.unwrap() })).sum::<u32>()
            })
        })
        .collect();
    let sums: Vec<_> = loops.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(sums, [0, 50, 100, 150]);
}

#[test]
#[cfg_attr(miri, ignore = "Miri has no datagrams")]
fn a_loop_runs_on_a_selector_alone() {
    let output = EventLoop::on(IoDriver::new().unwrap()).run(async {
        let any = "127.0.0.1:0".parse().unwrap();
        let (sender, receiver) = (UdpSocket::bind(any).unwrap(), UdpSocket::bind(any).unwrap());
        sender.send_to(b"hello", receiver.local_addr().unwrap()).await.unwrap();
        receiver.recv_from(&mut [0; 8]).await.unwrap().0
    });
    assert_eq!(output, 5);
}

#[test]
fn what_running_tasks_spawn_stands_behind_all_that_was_ready_before() {
    let log = Rc::new(RefCell::new(Vec::new()));
    let lines = Rc::clone(&log);
    // More than a turn's worth, so that the thread looks at its park in between, and must not sleep there.
    EventLoop::on(ThreadPark::new()).run(async move {
        let spawn_logged = |n: usize, lines: &Rc<RefCell<Vec<usize>>>| {
            let lines = Rc::clone(lines);
            spawn(async move { lines.borrow_mut().push(n) })
        };
        let parents: Vec<_> = (0..200)
            .map(|n| {
                let lines = Rc::clone(&lines);
                spawn(async move {
                    lines.borrow_mut().push(n);
                    spawn_logged(200 + n, &lines).await.unwrap();
                })
            })
            .collect();
        for parent in parents {
            parent.await.unwrap();
        }
    });
    assert!(log.borrow().iter().copied().eq(0..400), "{:?}", log.borrow());
}

#[test]
fn the_loop_does_not_sleep_while_more_than_a_turn_is_ready() {
    EventLoop::on(ThreadPark::new()).run(async {
        let tasks: Vec<_> = (0..100).map(|n| spawn(async move { n })).collect();
        assert_eq!(tasks.into_iter().next_back().unwrap().await.unwrap(), 99);
    });
}
