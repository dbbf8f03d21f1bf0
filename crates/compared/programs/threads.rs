//! Step 4's `unblock`, and what blocking does without it.

use std::num::ParseIntError;
use std::sync::mpsc;

use compared::{busy, ms, say};
use step2::yield_now;
use step3::sleep;
use step4::{JoinError, spawn, unblock};

/// While a job blocks a thread, the loop runs its tasks.
pub(crate) async fn the_loop_lives_meanwhile() {
    let (set_go, go) = mpsc::channel();

    let other = async move {
        say!("another task");
        set_go.send(()).unwrap();
    };

    let task = spawn(other);
    unblock(move || go.recv().unwrap()).await;
    say!("the job is done");
    task.await.unwrap();
}

/// Blocking inside a task stops all the others.
pub(crate) async fn blocking_in_a_task() {
    async fn ticker() {
        sleep(ms(40)).await;
        say!("tick");
    }

    let task = spawn(ticker());
    yield_now().await;
    say!("blocking");
    busy(ms(80));
    say!("blocked for twice the time of the tick");
    task.await.unwrap();
}

/// The value, or the error, of the job comes at the await.
pub(crate) async fn its_value_or_its_error() {
    fn parse(text: &str) -> Result<u32, ParseIntError> {
        text.parse()
    }

    say!("{}", unblock(|| parse("7")).await.unwrap());
    if unblock(|| parse("seven")).await.is_err() {
        say!("not a number");
    }
}

/// Cancelling the await does not stop the thread.
pub(crate) async fn cancelled_while_it_runs() {
    let ((set_began, began), (set_go, go), (set_done, done)) =
        (mpsc::channel(), mpsc::channel(), mpsc::channel());

    let job = move || {
        set_began.send(()).unwrap();
        go.recv().unwrap();
        set_done.send(()).unwrap();
    };

    let task = spawn(unblock(job));
    yield_now().await;
    began.recv().unwrap();
    task.abort();
    if let Err(JoinError::Cancelled) = task.await {
        say!("the await is cancelled");
    }
    set_go.send(()).unwrap();
    done.recv().unwrap();
    say!("the job has come to its end");
}
