//! Step 6's `with`: what is entered is left again.

use compared::{ms, say};
use step2::yield_now;
use step3::{Elapsed, sleep};
use step4::{JoinError, spawn};
use step6::{AsyncContext, Outcome, time_limit, with};

struct Room(&'static str);

impl<T: 'static> AsyncContext<T, String> for Room {
    type Value = Room;

    async fn enter(self) -> Result<Room, String> {
        yield_now().await;
        say!("enter {}", self.0);
        Ok(self)
    }

    async fn exit(room: Room, outcome: Outcome<T, String>) -> Outcome<T, String> {
        yield_now().await;
        let how = match &outcome {
            Outcome::Returned(_) => "well",
            Outcome::Failed(error) => error,
            Outcome::Panicked(_) => "a panic",
            Outcome::Cancelled => "cancelled",
        };
        say!("leave {}: {how}", room.0);
        outcome
    }
}

struct Locked(&'static str);

impl<T: 'static> AsyncContext<T, String> for Locked {
    type Value = ();

    async fn enter(self) -> Result<(), String> {
        Err(format!("{} is locked", self.0))
    }

    async fn exit((): (), outcome: Outcome<T, String>) -> Outcome<T, String> {
        outcome
    }
}

struct Forgiving(&'static str);

impl AsyncContext<(), String> for Forgiving {
    type Value = Forgiving;

    async fn enter(self) -> Result<Forgiving, String> {
        yield_now().await;
        say!("enter {}", self.0);
        Ok(self)
    }

    async fn exit(room: Forgiving, outcome: Outcome<(), String>) -> Outcome<(), String> {
        let Outcome::Failed(error) = outcome else { return outcome };
        say!("{} forgives: {error}", room.0);
        Outcome::Returned(())
    }
}

struct Translating(&'static str);

impl<T: 'static> AsyncContext<T, String> for Translating {
    type Value = Translating;

    async fn enter(self) -> Result<Translating, String> {
        yield_now().await;
        say!("enter {}", self.0);
        Ok(self)
    }

    async fn exit(room: Translating, outcome: Outcome<T, String>) -> Outcome<T, String> {
        let Outcome::Failed(error) = outcome else { return outcome };
        Outcome::Failed(format!("{} says: {error}", room.0))
    }
}

fn no_bread() -> Result<(), String> {
    Err("no bread".to_owned())
}

/// What was entered last is left first.
pub(crate) async fn last_in_first_out() {
    let block = with(Room("hall"), async |_| {
        with(Room("kitchen"), async |_| {
            say!("body");
            Ok(())
        })
        .await
    });
    block.await.unwrap();
    say!("over");
}

/// An error leaves through the exits, which see it.
pub(crate) async fn an_error_leaves_through_the_exit() {
    let block = with(Room("hall"), async |_| {
        with(Room("kitchen"), async |_| {
            no_bread()?;
            Ok(())
        })
        .await
    });
    if let Err(error) = block.await {
        say!("caught {error}");
    }
}

/// An exit may suppress the error: the code after the block runs, and outer exits see no error.
pub(crate) async fn suppressed() {
    let block = with(Room("hall"), async |_| {
        with(Forgiving("kitchen"), async |_| no_bread()).await?;
        say!("after the kitchen");
        Ok(())
    });
    block.await.unwrap();
}

/// An exit may put another error in its place.
pub(crate) async fn replaced() {
    let block = with(Room("hall"), async |_| with(Translating("kitchen"), async |_| no_bread()).await);
    if let Err(error) = block.await {
        say!("caught {error}");
    }
}

/// If an enter fails there is no exit for it, but those around it are left.
pub(crate) async fn a_failed_enter() {
    let block = with(Room("hall"), async |_| {
        with(Locked("cellar"), async |_| {
            say!("never printed");
            Ok(())
        })
        .await
    });
    if let Err(error) = block.await {
        say!("caught {error}");
    }
}

/// `return` leaves through the exit, before the caller goes on.
pub(crate) async fn left_by_return() {
    async fn visit() -> Result<&'static str, String> {
        with(Room("hall"), async |_| {
            for found in ["salt", "bread"] {
                if found == "bread" {
                    return Ok(found);
                }
            }
            Err("no bread".to_owned())
        })
        .await
    }

    say!("{}", visit().await.unwrap());
}

/// A loop that is left from inside the block leaves through the exit, each time.
pub(crate) async fn left_by_break() {
    for name in ["hall", "kitchen", "cellar"] {
        let is_enough = with(Room(name), async |_| Ok(name == "kitchen")).await.unwrap();
        if is_enough {
            break;
        }
    }
    say!("over");
}

/// Cancelled in the body, the exits see that, and may await; a time limit around them waits for them.
pub(crate) async fn cancelled_in_the_body() {
    let block = with(time_limit(ms(40)), async |_| {
        let rooms = with(Room("hall"), async |_| {
            with(Room("kitchen"), async |_| {
                sleep(ms(1000)).await;
                say!("never printed");
                Ok(())
            })
            .await
        });
        rooms.await.unwrap();
        Ok(())
    });
    if block.await == Err(Elapsed) {
        say!("timed out");
    }
}

/// Who awaits a task that was cancelled, and the exit of that task.
pub(crate) async fn the_canceller_and_the_exit() {
    async fn visit() {
        let block = with(Room("hall"), async |_| {
            sleep(ms(1000)).await;
            Ok(())
        });
        block.await.unwrap();
    }

    let task = spawn(visit());
    sleep(ms(40)).await;
    task.abort();
    if let Err(JoinError::Cancelled) = task.await {
        say!("the canceller goes on");
    }
    sleep(ms(40)).await;
    say!("over");
}
