//! Generators and contexts inside each other: what is inside is over before what is around it is left.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::future::pending;

use step3::{sleep, timeout};
use step4::spawn;
use step5::{AsyncIterator, Generator, generator};
use step6::with;
use support::{DONE, Log, Logged, SECOND, timed_log_of};

/// Emits one item from inside a context, and waits for ever; has a clean-up of a second.
fn inside_a_context(log: &Log) -> Generator<'static, u32> {
    let log = log.clone();
    generator(move |y| async move {
        let finally = log.clone();
        y.finally(async move {
            finally.say("finally");
            sleep(SECOND).await;
            finally.say("finally over");
        });
        with(Logged::new("db", &log).exits_in(2), async |_| {
            y.emit(1).await;
            pending::<()>().await;
            DONE
        })
        .await
        .unwrap();
    })
}

const ITS_END: [&str; 4] = ["exit db: cancelled at 0", "left db at 2", "finally at 2", "finally over at 3"];

#[test]
fn close_waits_for_what_the_body_was_inside_of() {
    let log = timed_log_of(async |log| {
        let mut items = inside_a_context(&log);
        items.next().await.unwrap();
        log.take();
        items.close().await;
        log.say("closed");
    });
    assert_eq!(log[..4], ITS_END);
    assert_eq!(log[4..], ["closed at 3"]);
}

#[test]
fn a_generator_that_is_dropped_leaves_its_inside_first() {
    let log = timed_log_of(async |log| {
        let mut items = inside_a_context(&log);
        items.next().await.unwrap();
        log.take();
        drop(items);
    });
    assert_eq!(log, ITS_END);
}

#[test]
fn a_context_is_left_after_the_generators_inside_it_have_ended() {
    let log = timed_log_of(async |log| {
        with(Logged::new("outer", &log), async |_| {
            let mut items = inside_a_context(&log);
            items.next().await.unwrap();
            log.take();
            DONE
        })
        .await
        .unwrap();
    });
    assert_eq!(log[..4], ITS_END);
    assert_eq!(log[4..], ["exit outer: returned at 3"]);
}

#[test]
fn so_it_is_when_all_of_it_is_dropped_at_once() {
    let log = timed_log_of(async |log| {
        let theirs = log.clone();
        let task = spawn(async move {
            with(Logged::new("outer", &theirs), async |_| {
                let mut items = inside_a_context(&theirs);
                items.next().await.unwrap();
                pending::<()>().await;
                DONE
            })
            .await
        });
        step2::yield_now().await;
        log.take();
        task.abort();
    });
    assert_eq!(log[..4], ITS_END);
    assert_eq!(log[4..], ["exit outer: cancelled at 3"]);
}

#[test]
fn what_a_generator_has_left_without_a_clean_up_of_its_own_is_waited_for_by_who_is_around_it() {
    let log = timed_log_of(async |log| {
        with(Logged::new("outer", &log), async |_| {
            let theirs = log.clone();
            let mut items = generator(|y| async move {
                // The limit drops the `with` in the middle, and the body goes on.
                let limited = with(Logged::new("inner", &theirs).exits_in(3), async |_| {
                    pending::<()>().await;
                    DONE
                });
                timeout(SECOND, limited).await.unwrap_err();
                y.emit(1).await;
            });
            items.next().await.unwrap();
            log.take();
            DONE
        })
        .await
        .unwrap();
    });
    assert_eq!(log, ["exit inner: cancelled at 1", "left inner at 4", "exit outer: returned at 4"]);
}
