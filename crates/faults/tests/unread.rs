//! Warnings that nobody can read: whoever started the program has closed the other end of its standard error. Then the warning is lost,
//! and nothing else.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use std::{env, io, thread};

use step2::yield_now;
use step4::{EventLoop, run, spawn, spawn_clean_up};
use step5::{AsyncIterator, generator};
use step6::{AsyncContext, Outcome, with};
use support::{another_process, ms, this_test};

const CHILD: &str = "FAULTS_WARNS";

/// Fails as it is left.
struct Fails;

impl AsyncContext<(), &'static str> for Fails {
    type Value = ();

    async fn enter(self) -> Result<(), &'static str> {
        Ok(())
    }

    async fn exit(_: (), _: Outcome<(), &'static str>) -> Outcome<(), &'static str> {
        Outcome::Failed("it is stuck")
    }
}

/// Gives cause for each warning, in the order of their texts below.
fn warn_of_everything() {
    run(async {
        let held = spawn(with(Fails, async |()| pending().await));
        yield_now().await;
        held.abort();
    });

    let kept = run(async {
        let mut held = Box::pin(with(Fails, async |()| pending().await));
        assert!(poll_once(&mut held).await.is_pending());
        (held,)
    });
    drop(kept);

    let kept = run(async {
        let mut items = generator(|y| async move {
            y.finally(async {});
            y.emit(1).await;
        });
        items.next().await;
        items
    });
    drop(kept);

    EventLoop::new().unwrap().grace(Duration::ZERO).run(async { drop(spawn_clean_up(pending::<()>())) });

    run(async { drop(spawn(async { thread::sleep(ms(150)) }).await) });
}

const WARNINGS: [&str; 5] = [
    "a `with` was cancelled, and then its exit failed",
    "a `with` was dropped where no event loop runs",
    "a generator was dropped where no event loop runs",
    "took longer than the grace",
    "a task held its thread", // In debug builds.
];

async fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(pin!(&mut *future).poll(cx))).await
}

/// The warning panicked: in destructors that was an abort, and elsewhere the end of a loop.
#[test]
fn a_warning_that_nobody_can_read_harms_nobody() {
    if env::var_os(CHILD).is_some() {
        return warn_of_everything();
    }
    let child = || {
        let mut command = another_process(&this_test());
        command.env(CHILD, "yes");
        command
    };
    let read = String::from_utf8(child().output().unwrap().stderr).unwrap();
    for warning in &WARNINGS[..4 + usize::from(cfg!(debug_assertions))] {
        assert!(read.contains(warning), "{warning} is not in:\n{read}");
    }

    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let child = child().stderr(writer).output().unwrap();
    assert!(child.status.success(), "{}\n{}", child.status, String::from_utf8_lossy(&child.stdout));
}
