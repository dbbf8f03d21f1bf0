//! Step 4's `shield`: the waiter is cancelled, the work is not.

use compared::{Finally, ms, say};
use step3::{Elapsed, sleep, timeout};
use step4::{shield, spawn};

async fn work() -> &'static str {
    sleep(ms(80)).await;
    say!("work is done");
    "value"
}

/// The waiter is cancelled, and the work goes on to its end.
pub(crate) async fn the_work_survives() {
    async fn waiter() {
        let _finally = Finally("waiter is cancelled");
        shield(work()).await.unwrap();
    }

    let task = spawn(waiter());
    sleep(ms(40)).await;
    task.abort();
    sleep(ms(80)).await;
    say!("over");
}

/// If nobody is cancelled, it is as if it was not there.
pub(crate) async fn nobody_is_cancelled() {
    say!("{}", shield(work()).await.unwrap());
}

/// A time limit around it ends the waiting, not the work.
pub(crate) async fn from_a_time_limit() {
    if let Err(Elapsed) = timeout(ms(40), shield(work())).await {
        say!("timed out");
    }
    sleep(ms(80)).await;
    say!("over");
}
