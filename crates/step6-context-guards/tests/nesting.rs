//! Odd nests: generators that move, contexts that are dropped by what runs inside them. Each test was out of order or a
//! deadlock once.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::cell::RefCell;
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use step3::{now, sleep, timeout};
use step5::{AsyncIterator, Generator, for_await, generator};
use step6::{AsyncContext, AsyncExitStack, ErrorGroup, Outcome, TaskGroup, with};
use support::{
    DONE, Done, Log, Logged, SECOND, hold, panic_of, poll_once, run, run_with_grace, timed_log_of,
};

/// Emits one item from inside a context whose exit takes two seconds.
fn from_inside(log: &Log) -> Generator<'static, u32> {
    let log = log.clone();
    generator(move |y| async move {
        with(Logged::new("inner", &log).exits_in(2), async |_| {
            y.emit(1).await;
            pending::<()>().await;
            DONE
        })
        .await
        .unwrap();
    })
}

/// Its scope lay where it was made, so nobody waited for it where it was dropped.
#[test]
fn a_generator_made_outside_and_dropped_inside_is_left_before_what_it_was_dropped_in() {
    let log = timed_log_of(async |log| {
        let items = from_inside(&log);
        let outer = with(Logged::new("outer", &log), async move |_| {
            for_await!(_item in items => { break; });
            DONE
        });
        outer.await.unwrap();
    });
    assert_eq!(log[2..], ["exit inner: cancelled at 0", "left inner at 2", "exit outer: returned at 2"]);
}

#[test]
fn so_it_is_when_the_outer_one_is_cancelled() {
    let log = timed_log_of(async |log| {
        let mut items = from_inside(&log);
        let outer = with(Logged::new("outer", &log), async move |_| {
            items.next().await;
            pending::<()>().await;
            drop(items);
            DONE
        });
        timeout(SECOND, outer).await.unwrap_err();
    });
    assert_eq!(log[2..], ["exit inner: cancelled at 1", "left inner at 3", "exit outer: cancelled at 3"]);
}

#[test]
fn a_generator_that_moves_into_a_task_of_a_group_is_left_before_the_group_ends() {
    let log = timed_log_of(async |log| {
        let mut items = from_inside(&log);
        items.next().await;
        let ended: Result<(), ErrorGroup<&str>> = with(TaskGroup::new(), async move |group| {
            group.spawn(async move {
                items.next().await;
                Ok(())
            });
            step2::yield_now().await;
            Err("no bread".into())
        })
        .await;
        assert!(ended.is_err());
        log.say("the group has ended");
    });
    assert_eq!(log[1..], ["exit inner: cancelled at 0", "left inner at 2", "the group has ended at 2"]);
}

/// The exit was counted in the scope for which it waits itself.
#[test]
fn a_context_that_is_dropped_by_a_task_inside_it_does_not_wait_for_itself() {
    type Slot = Rc<RefCell<Option<Pin<Box<dyn Future<Output = ()>>>>>>;
    let (log, ended) = run_with_grace(3600 * SECOND, async {
        let log = Log::default();
        let slot = Slot::default();
        let theirs = Rc::clone(&slot);
        *slot.borrow_mut() = Some(Box::pin(async move {
            let group = with(TaskGroup::<&str>::new(), async move |group| {
                group.spawn(async move {
                    sleep(SECOND).await;
                    let the_group_around_us = theirs.take();
                    drop(the_group_around_us);
                    Ok(())
                });
                pending::<()>().await;
                Ok(())
            });
            group.await.unwrap();
        }));
        let outer = with(Logged::new("outer", &log), async |_| {
            poll_fn(|cx| {
                let taken = slot.borrow_mut().as_mut().is_none_or(|group| group.as_mut().poll(cx).is_ready());
                assert!(!taken, "it never ends by itself");
                Poll::<()>::Pending
            })
            .await;
            DONE
        });
        timeout(5 * SECOND, outer).await.unwrap_err();
        log
    });
    assert_eq!(log.take(), ["enter outer", "exit outer: cancelled"]);
    assert_eq!(ended, 5 * SECOND);
}

#[test]
fn a_generator_that_is_dropped_by_a_task_inside_it_is_cleaned_up() {
    let log = timed_log_of(async |log| {
        let slot: Rc<RefCell<Option<Generator<'static, u8>>>> = Rc::default();
        let (theirs, finally) = (Rc::clone(&slot), log.clone());
        *slot.borrow_mut() = Some(generator(move |y| async move {
            y.finally(async move { finally.say("finally") });
            let group = with(TaskGroup::<&str>::new(), async move |group| {
                group.spawn(async move {
                    sleep(SECOND).await;
                    let the_generator_around_us = theirs.take();
                    drop(the_generator_around_us);
                    Ok(())
                });
                y.emit(1).await;
                pending::<()>().await;
                Ok(())
            });
            group.await.unwrap();
        }));
        let first = poll_fn(|cx| Pin::new(slot.borrow_mut().as_mut().unwrap()).poll_next(cx)).await;
        assert_eq!(first, Some(1));
        sleep(5 * SECOND).await;
        assert!(slot.borrow().is_none());
    });
    assert_eq!(log, ["finally at 1"]);
}

/// The group's exit waited for its scope, which was that of the stack from which it had been popped, and in which that very
/// exit had been left.
#[test]
fn a_group_popped_off_a_stack_does_not_wait_for_itself() {
    let log = timed_log_of(async |log| {
        let all = with(Logged::new("outermost", &log), async |_| {
            let theirs = log.clone();
            let ended: Result<(), ErrorGroup<&str>> = with(AsyncExitStack::new(), async |stack| {
                let group = stack.enter(TaskGroup::new()).await?;
                stack[group].spawn(async move { hold(Logged::new("child", &theirs)).await });
                let popped = stack.pop_all();
                with(popped, async |_| Ok(())).await // Waits for the child.
            })
            .await;
            ended.map_err(|_| "the group has failed")
        });
        timeout(5 * SECOND, all).await.unwrap_err();
    });
    assert_eq!(
        log,
        [
            "enter outermost at 0",
            "enter child at 0",
            "exit child: cancelled at 5",
            "exit outermost: cancelled at 5"
        ]
    );
}

/// Each kept the one that had made it, and dropping the last one dropped them all inside each other.
#[test]
fn generators_that_hand_out_each_other_do_not_form_a_chain() {
    struct Page(Generator<'static, Page>);
    fn page() -> Generator<'static, Page> {
        generator(|y| async move { y.emit(Page(page())).await })
    }
    run(async {
        let mut current = page();
        for _ in 0..if cfg!(miri) { 1_000 } else { 100_000 } {
            current = current.next().await.unwrap().0;
        }
    });
}

/// Logs its exit, and panics when it is asked for its interrupt.
struct PanicsWhenAsked(Log);

impl<T: 'static> AsyncContext<T, &'static str> for PanicsWhenAsked {
    type Value = Log;

    async fn enter(self) -> Result<Log, &'static str> {
        Ok(self.0)
    }

    async fn exit(log: Log, outcome: Outcome<T, &'static str>) -> Outcome<T, &'static str> {
        log.say("exit");
        outcome
    }

    #[allow(clippy::manual_async_fn, reason = "the panic comes before there is a future")]
    fn interrupt(_log: &Log) -> impl Future<Output = Outcome<T, &'static str>> + use<T> {
        assert!(now() > SECOND * 1000, "no interrupt");
        pending()
    }
}

/// The interrupt was asked for before the exit was on the stack.
#[test]
fn an_interrupt_that_panics_on_a_stack_skips_no_exit() {
    let log = Log::default();
    let theirs = log.clone();
    let panicked = panic_of(|| {
        run(with(AsyncExitStack::new(), async move |stack| {
            stack.enter(PanicsWhenAsked(theirs)).await?;
            DONE
        }))
    });
    assert!(panicked.contains("no interrupt"));
    assert_eq!(log.take(), ["exit"]);
}

/// Panics before it has made the future of its exit.
struct LeavesEagerly;

impl AsyncContext<(), &'static str> for LeavesEagerly {
    type Value = ();

    async fn enter(self) -> Result<(), &'static str> {
        Ok(())
    }

    fn exit(
        _value: (),
        outcome: Outcome<(), &'static str>,
    ) -> impl Future<Output = Outcome<(), &'static str>> {
        assert!(!outcome.is_returned(), "an eager exit");
        async { outcome }
    }
}

/// The half-made exit was polled once more, for a second panic.
#[test]
fn an_exit_that_panics_before_it_is_a_future_is_over() {
    assert!(panic_of(|| run(with(LeavesEagerly, async |_| DONE))).contains("an eager exit"));
}

/// The thread was torn down, and the scope asked for a thread-local that was gone.
#[test]
fn a_context_that_outlives_its_thread_is_reported_and_nothing_worse() {
    thread_local! {
        static KEPT: RefCell<Option<Pin<Box<dyn Future<Output = Done>>>>> = const { RefCell::new(None) };
    }
    let thread = std::thread::spawn(|| {
        KEPT.with_borrow(|kept| assert!(kept.is_none())); // Made first, so dropped last.
        let kept = run(async {
            let mut held: Pin<Box<dyn Future<Output = Done>>> =
                Box::pin(with(Logged::new("kept", &Log::default()), async |_| {
                    pending::<()>().await;
                    DONE
                }));
            assert!(poll_once(&mut held).await.is_pending());
            Some(held)
        });
        KEPT.set(kept);
    });
    thread.join().unwrap();
}
