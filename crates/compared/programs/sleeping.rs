//! Sleeping: who wakes when. (Of equal deadlines CPython's order is undefined; they are left out.)

use compared::{busy, ms, say};
use step2::yield_now;
use step3::sleep;
use step4::{gather, join_all, spawn};

/// Sleepers wake in the order of their deadlines, not of their start.
pub(crate) async fn in_the_order_of_deadlines() {
    async fn sleeper(time: u64) {
        sleep(ms(time)).await;
        say!("{} s", ms(time).as_secs_f64());
    }

    join_all([120, 40, 160, 80].map(sleeper)).await;
}

/// A sleep of zero is one turn for everyone else.
pub(crate) async fn zero_is_one_turn() {
    async fn other() {
        for turn in 1..4 {
            say!("other, turn {turn}");
            sleep(ms(0)).await;
        }
    }

    let task = spawn(other());
    say!("before");
    sleep(ms(0)).await;
    say!("after one sleep");
    sleep(ms(0)).await;
    say!("after another");
    task.await.unwrap();
}

/// What follows a sleep that was cancelled never runs.
pub(crate) async fn cancelled_it_never_fires() {
    async fn sleeper() {
        sleep(ms(40)).await;
        say!("never printed");
    }

    let task = spawn(sleeper());
    yield_now().await;
    task.abort();
    sleep(ms(80)).await;
    say!("its time has passed");
}

/// After a busy spell, all that are due wake in the order of their deadlines.
pub(crate) async fn after_a_busy_spell() {
    async fn sleeper(time: u64) {
        sleep(ms(time)).await;
        say!("{} s", ms(time).as_secs_f64());
    }

    let tasks = [60, 20, 40].map(|time| spawn(sleeper(time)));
    yield_now().await;
    busy(ms(90));
    say!("busy until now");
    gather(tasks).await.unwrap();
}

/// When a thousand sleeps are cancelled, those that are left wake in their order.
pub(crate) async fn a_thousand_cancelled() {
    async fn sleeper(time: u64) {
        sleep(ms(time)).await;
        say!("{} s", ms(time).as_secs_f64());
    }

    let mut tasks: Vec<_> = (1..1003).map(|time| spawn(sleeper(time))).collect();
    yield_now().await;
    let left = [tasks.pop().unwrap(), tasks.remove(500)];
    for task in &tasks {
        task.abort();
    }
    gather(left).await.unwrap();
}
