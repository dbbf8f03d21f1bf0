//! Time limits: step 3's `timeout` for a future, step 6's `time_limit` for a block.

use compared::{Finally, busy, ms, say};
use step2::yield_now;
use step3::{Elapsed, now, sleep, timeout};
use step6::{time_limit, with};

/// Inside, the block is cancelled; outside, it has timed out.
pub(crate) async fn cancelled_inside_timed_out_outside() {
    async fn work() {
        let _finally = Finally("clean-up inside");
        sleep(ms(1000)).await;
    }

    if timeout(ms(40), work()).await == Err(Elapsed) {
        say!("timed out");
    }
}

/// What ends in time has its value, with a limit or without.
pub(crate) async fn in_time() {
    async fn work() -> &'static str {
        sleep(ms(40)).await;
        "done"
    }

    say!("{}", timeout(ms(1000), work()).await.unwrap());
    say!("{}", timeout(None, work()).await.unwrap());
}

/// Of two nested limits the inner one ends first: the outer block goes on.
pub(crate) async fn nested_the_inner_first() {
    let outer = timeout(ms(1000), async {
        if timeout(ms(40), sleep(ms(2000))).await == Err(Elapsed) {
            say!("inner timed out");
        }
        say!("the outer block goes on");
    });
    outer.await.unwrap();
}

/// Of two nested limits the outer one ends first: it is the one that reports.
pub(crate) async fn nested_the_outer_first() {
    let outer = timeout(ms(40), async {
        if timeout(ms(1000), sleep(ms(2000))).await == Err(Elapsed) {
            say!("never printed");
        }
    });
    if outer.await == Err(Elapsed) {
        say!("outer timed out");
    }
}

/// If both are due in one turn, only the outer one reports.
pub(crate) async fn both_due_in_one_turn() {
    let outer = with(time_limit(ms(20)), async |_| {
        let inner = with(time_limit(ms(50)), async |_| {
            yield_now().await;
            busy(ms(90));
            sleep(ms(1000)).await;
            Ok(())
        });
        if inner.await == Err(Elapsed) {
            say!("never printed");
        }
        Ok(())
    });
    if outer.await == Err(Elapsed) {
        say!("outer timed out");
    }
}

/// A limit can be moved while its block runs.
pub(crate) async fn rescheduled() {
    let block = with(time_limit(ms(40)), async |limit| {
        limit.reschedule(Some(now() + ms(120)));
        sleep(ms(80)).await;
        say!("longer than at first");
        sleep(ms(80)).await;
        say!("never printed");
        Ok(())
    });
    if block.await == Err(Elapsed) {
        say!("timed out");
    }
}

/// A block whose deadline has passed is still begun, up to its first wait.
pub(crate) async fn a_deadline_that_has_passed() {
    let block = with(time_limit(ms(0)), async |_| {
        say!("begun");
        sleep(ms(1000)).await;
        say!("never printed");
        Ok(())
    });
    if block.await == Err(Elapsed) {
        say!("timed out");
    }
}
