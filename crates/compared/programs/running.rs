//! `run`: from the first task to the last.

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

use compared::{Finally, ms, run, say};
use step2::{oneshot, yield_now};
use step3::sleep;
use step4::spawn;
use step6::{AsyncContext, Outcome, with};

/// It returns the value of its main coroutine, or fails with its error.
pub(crate) fn a_value_or_an_error() {
    async fn good() -> Result<&'static str, &'static str> {
        yield_now().await;
        Ok("the value")
    }

    async fn bad() -> Result<&'static str, &'static str> {
        yield_now().await;
        Err("no bread")
    }

    say!("{}", run(good()).unwrap());
    if let Err(error) = run(bad()) {
        say!("{error}");
    }
}

/// Tasks that are left when the main coroutine ends are cancelled, before `run` returns.
pub(crate) fn what_is_left_is_cancelled() {
    async fn forever() {
        let _finally = Finally("a task was cancelled");
        sleep(ms(3_600_000)).await;
    }

    async fn main() {
        let _task = spawn(forever());
        yield_now().await;
        say!("main ends");
    }

    run(main());
    say!("run has returned");
}

/// The clean-ups of the tasks that are left may wait: `run` returns after them.
pub(crate) fn their_clean_ups_are_awaited() {
    struct Room;

    impl<T: 'static, E: Debug + 'static> AsyncContext<T, E> for Room {
        type Value = ();

        async fn enter(self) -> Result<(), E> {
            say!("entered");
            Ok(())
        }

        async fn exit((): (), outcome: Outcome<T, E>) -> Outcome<T, E> {
            sleep(ms(40)).await;
            say!("left");
            outcome
        }
    }

    async fn forever() {
        let room = with(Room, async |()| {
            sleep(ms(3_600_000)).await;
            Ok::<_, ()>(())
        });
        room.await.unwrap();
    }

    async fn main() {
        let _task = spawn(forever());
        yield_now().await;
        say!("main ends");
    }

    run(main());
    say!("run has returned");
}

/// A loop inside a loop is refused, and the outer one goes on.
pub(crate) fn no_loop_in_a_loop() {
    async fn inner() {
        say!("never printed");
    }

    async fn main() {
        if catch_unwind(AssertUnwindSafe(|| run(inner()))).is_err() {
            say!("refused");
        }
        yield_now().await;
        say!("the outer loop goes on");
    }

    run(main());
}

/// A result from another thread wakes the loop, which sleeps meanwhile.
pub(crate) fn woken_from_a_thread() {
    async fn main() {
        let (sender, result) = oneshot();
        let thread = std::thread::spawn(|| sender.send("from a thread"));
        say!("{}", result.await.unwrap());
        thread.join().unwrap().unwrap();
    }

    run(main());
}
