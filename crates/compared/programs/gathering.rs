//! Step 4's `gather` over tasks: order, failures, and whose cancellation it is.

use std::io;

use compared::{Finally, ms, say};
use step2::yield_now;
use step3::sleep;
use step4::{JoinHandle, gather, gather_settled, spawn, try_gather};

type Outcome = io::Result<&'static str>;

async fn work(name: &'static str, time: u64) -> Outcome {
    sleep(ms(time)).await;
    say!("{name} is done");
    Ok(name)
}

async fn fail(time: u64) -> Outcome {
    sleep(ms(time)).await;
    Err(io::Error::other("no bread"))
}

/// The results are in the order of the arguments, whoever is done first.
pub(crate) async fn in_the_order_of_the_arguments() {
    let results = try_gather([spawn(work("slow", 80)), spawn(work("quick", 40))]).await;
    say!("{}", results.unwrap().join(", "));
}

/// Without arguments there is nothing to wait for.
pub(crate) async fn of_nothing() {
    let none: [JoinHandle<u32>; 0] = [];
    say!("{:?}", gather(none).await.unwrap());
}

/// The first error comes at once, and the siblings go on.
pub(crate) async fn fails_fast() {
    let sibling = spawn(work("sibling", 80));
    if let Err(error) = try_gather([sibling, spawn(fail(40))]).await {
        say!("{error}");
    }
    sleep(ms(80)).await;
}

/// On request, every outcome is returned, good or bad.
pub(crate) async fn every_outcome() {
    for outcome in gather_settled([spawn(fail(80)), spawn(work("good", 40))]).await {
        match outcome.unwrap() {
            Ok(name) => say!("{name}"),
            Err(error) => say!("{error}"),
        }
    }
}

/// Cancelling it cancels the children.
pub(crate) async fn cancelled_with_its_children() {
    async fn child() {
        let _finally = Finally("child is cancelled");
        sleep(ms(1000)).await;
    }

    async fn parent() {
        gather([spawn(child()), spawn(child())]).await.unwrap();
    }

    let task = spawn(parent());
    sleep(ms(40)).await;
    task.abort();
    sleep(ms(40)).await;
    say!("over");
}

/// The children are scheduled at the call, before anyone awaits it.
pub(crate) async fn scheduled_at_the_call() {
    async fn child(name: &str) {
        say!("{name}");
    }

    let both = gather([spawn(child("first")), spawn(child("second"))]);
    yield_now().await;
    say!("awaiting now");
    both.await.unwrap();
}
