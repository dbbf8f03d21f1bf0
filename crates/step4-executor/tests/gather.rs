//! Waiting for many tasks: in the order of the arguments, failing fast or not at all.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::{Context, Waker};

use step2::yield_now;
use step3::{now, sleep};
use step4::children::Children;
use step4::{JoinError, JoinHandle, gather, gather_settled, join_all, spawn, try_gather};

mod support;
use support::{SECOND, run, sleeper};

#[test]
fn gather_keeps_the_order_of_its_arguments_and_takes_as_long_as_the_longest() {
    run(async {
        assert_eq!(gather([sleeper(3), sleeper(1), sleeper(2)]).await.unwrap(), [3, 1, 2]);
        assert_eq!(now(), 3 * SECOND);
    });
}

#[test]
fn nothing_is_returned_for_no_arguments_at_once() {
    let ((), timeline) = timeline::record(|| {
        async fn main() {
            assert!(gather([] as [JoinHandle<u32>; 0]).await.unwrap().is_empty());
            assert!(gather_settled([] as [JoinHandle<u32>; 0]).await.is_empty());
            assert!(try_gather([] as [JoinHandle<io::Result<u32>>; 0]).await.unwrap().is_empty());
            assert!(join_all([] as [std::future::Ready<u32>; 0]).await.is_empty());
        }
        run(main());
    });
    assert_eq!(timeline.polls("main"), 1);
}

#[test]
fn the_children_are_scheduled_at_the_call_and_not_at_the_await() {
    run(async {
        let started = Rc::new(Cell::new(0));
        let child = || {
            let started = Rc::clone(&started);
            async move { started.set(started.get() + 1) }
        };
        let gathered = gather([spawn(child()), spawn(child())]);
        let joined = join_all([child(), child(), child()]);
        yield_now().await;
        assert_eq!(started.get(), 2, "tasks run, awaited or not; the futures of `join_all` are inert");
        gathered.await.unwrap();
        joined.await;
        assert_eq!(started.get(), 5);
    });
}

#[test]
fn gather_fails_fast_while_the_siblings_go_on() {
    run(async {
        let sibling_done = Rc::new(Cell::new(false));
        let flag = Rc::clone(&sibling_done);
        let sibling = spawn(async move {
            sleep(2 * SECOND).await;
            flag.set(true);
        });
        let bad = spawn(async {
            sleep(SECOND).await;
            panic!("no bread");
        });
        let error = gather([sibling, bad]).await.unwrap_err();
        assert_eq!(error.to_string(), "the task panicked: no bread");
        assert_eq!(now(), SECOND, "at once");
        assert!(!sibling_done.get());
        sleep(2 * SECOND).await;
        assert!(sibling_done.get());
    });
}

#[test]
fn gather_fails_when_a_child_is_cancelled() {
    run(async {
        let child = spawn(pending::<()>());
        child.abort();
        assert!(matches!(gather([spawn(async {}), child]).await, Err(JoinError::Cancelled)));
    });
}

#[test]
fn try_gather_counts_the_tasks_own_errors() {
    run(async {
        let task = |seconds: u32, outcome: Result<u32, &'static str>| {
            spawn(async move {
                sleep(seconds * SECOND).await;
                outcome.map_err(io::Error::other)
            })
        };
        let error = try_gather([task(1, Ok(1)), task(3, Err("the later")), task(2, Err("the first"))]).await;
        assert_eq!(error.unwrap_err().to_string(), "the first");
        assert_eq!(now(), 2 * SECOND);
        assert_eq!(try_gather([task(2, Ok(1)), task(1, Ok(2))]).await.unwrap(), [1, 2]);
    });
}

#[test]
fn gather_settled_returns_every_outcome_in_order() {
    run(async {
        let cancelled = spawn(pending());
        cancelled.abort();
        let bad = spawn(async { panic!("no bread") });
        let outcomes = gather_settled([sleeper(2), bad, cancelled, sleeper(1)]).await;
        assert_eq!(now(), 2 * SECOND, "it waits for all");
        let shown: Vec<_> = outcomes.iter().map(|outcome| format!("{outcome:?}")).collect();
        assert_eq!(shown, ["Ok(2)", "Err(Panicked(\"no bread\"))", "Err(Cancelled)", "Ok(1)"]);
    });
}

#[test]
fn cancelling_a_gather_cancels_its_children() {
    run(async {
        let log = Rc::new(RefCell::new(Vec::new()));
        let child = |name: &'static str| {
            struct Says(Rc<RefCell<Vec<&'static str>>>, &'static str);
            impl Drop for Says {
                fn drop(&mut self) {
                    self.0.borrow_mut().push(self.1);
                }
            }
            let says = Says(Rc::clone(&log), name);
            spawn(async move {
                let _says = says;
                pending::<()>().await;
            })
        };
        let never_polled = gather([child("a"), child("b")]);
        let (c, d, e) = (child("c"), child("d"), child("e"));
        let awaited = spawn(async move { gather([c, d]).await });
        let settled = spawn(gather_settled([e]));
        yield_now().await;
        drop(never_polled);
        awaited.abort();
        settled.abort();
        yield_now().await;
        yield_now().await;
        assert_eq!(*log.borrow(), ["a", "b", "c", "d", "e"]);
    });
}

#[test]
fn a_gather_polls_only_the_children_that_were_woken() {
    async fn main() {
        let children: Vec<_> = (1..=100).map(sleeper).collect();
        gather(children).await.unwrap();
    }
    let ((), timeline) = timeline::record(|| run(main()));
    assert_eq!(timeline.polls("main"), 101, "one to begin, and one for each child");
}

#[test]
fn join_all_runs_its_futures_in_one_task() {
    async fn main() {
        let outputs = join_all([3, 1, 2].map(|seconds| async move {
            sleep(seconds * SECOND).await;
            seconds
        }));
        assert_eq!(outputs.await, [3, 1, 2]);
        assert_eq!(now(), 3 * SECOND);
    }
    let ((), timeline) = timeline::record(|| run(main()));
    assert_eq!(timeline.tasks.len(), 1);
    assert_eq!(timeline.polls("main"), 4);
}

#[test]
fn join_all_polls_only_the_futures_that_were_woken() {
    let polls = run(async {
        let polls = Rc::new(Cell::new(0));
        let futures: Vec<_> = (0..100)
            .map(|n: u32| {
                let polls = Rc::clone(&polls);
                let mut nap = Box::pin(sleep(n * SECOND));
                std::future::poll_fn(move |cx| {
                    polls.set(polls.get() + 1);
                    nap.as_mut().poll(cx)
                })
            })
            .collect();
        join_all(futures).await;
        polls.get()
    });
    assert_eq!(polls, 200, "one to set the timer, one when it has fired");
}

#[test]
fn dropping_a_join_all_drops_its_futures() {
    run(async {
        let shared = Rc::new(());
        let futures = [Rc::clone(&shared), Rc::clone(&shared)].map(|held| async move {
            let _held = held;
            pending::<()>().await;
        });
        let task = spawn(async move { join_all(futures).await.len() });
        yield_now().await;
        task.abort();
        task.await.unwrap_err();
        assert_eq!(Rc::strong_count(&shared), 1);
    });
}

#[test]
fn a_future_of_join_all_that_wakes_itself_lets_other_tasks_run() {
    run(async {
        let stop = Rc::new(Cell::new(false));
        let flag = Rc::clone(&stop);
        let other = spawn(async move { flag.set(true) });
        join_all([async {
            while !stop.get() {
                yield_now().await;
            }
        }])
        .await;
        other.await.unwrap();
    });
}

/// The child that had panicked stayed in the set, which then waited for it for ever.
#[test]
fn a_child_that_panics_is_out_of_its_set() {
    run(async {
        let child = |n: u32| async move {
            assert!(n > 0, "the first one panics");
            n
        };
        let mut children = Children::new([child(0), child(1)]);
        let panicked =
            catch_unwind(AssertUnwindSafe(|| children.poll_next(&mut Context::from_waker(Waker::noop()))));
        assert!(panicked.is_err());
        assert_eq!(poll_fn(|cx| children.poll_next(cx)).await, Some((1, 1)));
        assert_eq!(poll_fn(|cx| children.poll_next(cx)).await, None);
    });
}
