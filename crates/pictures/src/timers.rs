//! Chapter 3: sleeps, and a time limit.

use step2::join;
use step3::{sleep, timeout};
use timeline::{Figure, Panel, Timeline};

use crate::play::{on_timers, say, secs};

/// The note's second program.
pub(crate) fn async_await_run() -> Timeline {
    async fn io_operation() {
        say("Some time-consuming IO operations...");
        sleep(secs(2)).await;
    }
    async fn program() {
        say("Begin operation");
        io_operation().await;
        say("End operation");
    }
    on_timers(program())
}

/// A time limit of one second around a sleep of five.
pub(crate) fn timeout_run() -> Timeline {
    async fn program() {
        match timeout(secs(1), sleep(secs(5))).await {
            Ok(()) => say("slept"),
            Err(elapsed) => say(format!("gave up: {elapsed}")),
        }
    }
    on_timers(program())
}

pub(crate) fn sleeps_picture() -> String {
    async fn in_a_row() {
        let long = sleep(secs(3));
        sleep(secs(2)).await;
        say("the 2 s are over");
        long.await;
        say("the 3 s are over");
    }
    async fn together() {
        let short = async {
            sleep(secs(2)).await;
            say("the 2 s are over");
        };
        let long = async {
            sleep(secs(3)).await;
            say("the 3 s are over");
        };
        join(long, short).await;
    }
    let panel = |title, run| Panel::new(title, run).with_notes().with_timers();
    Figure::new(
        "Two sleeps, one after the other and together",
        "A sleep counts from its first poll. A sleep of three seconds that is made first, but awaited after one of two seconds, is \
         over after five. Polled together by join, both are over after three. Meanwhile the thread sleeps.",
    )
    .panel(panel("let long = sleep(3); sleep(2).await; long.await", on_timers(in_a_row())))
    .panel(panel("join(sleep(3), sleep(2)).await", on_timers(together())))
    .svg()
}
