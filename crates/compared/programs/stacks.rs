//! Step 6's `AsyncExitStack`: many contexts in one.

use compared::say;
use step2::yield_now;
use step6::{AsyncContext, AsyncExitStack, Outcome, with};

enum Room {
    Plain(&'static str),
    Locked(&'static str),
    Forgiving(&'static str),
}

impl AsyncContext<(), String> for Room {
    type Value = Room;

    async fn enter(self) -> Result<Room, String> {
        if let Room::Locked(name) = self {
            return Err(format!("{name} is locked"));
        }
        yield_now().await;
        say!("enter {}", self.name());
        Ok(self)
    }

    async fn exit(room: Room, outcome: Outcome<(), String>) -> Outcome<(), String> {
        match (room, outcome) {
            (Room::Forgiving(name), Outcome::Failed(error)) => {
                say!("{name} forgives: {error}");
                Outcome::Returned(())
            }
            (room, outcome) => {
                yield_now().await;
                let how = if let Outcome::Failed(error) = &outcome { error } else { "well" };
                say!("leave {}: {how}", room.name());
                outcome
            }
        }
    }
}

impl Room {
    fn name(&self) -> &'static str {
        let (Room::Plain(name) | Room::Locked(name) | Room::Forgiving(name)) = self;
        name
    }
}

async fn switch_off() {
    yield_now().await;
    say!("heating off");
}

/// All that was put on it is left in reverse order, whether it waits or not.
pub(crate) async fn last_in_first_out() {
    let block = with(AsyncExitStack::new(), async |stack| {
        stack.enter(Room::Plain("hall")).await?;
        stack.push_sync(|| say!("lights out"));
        stack.push(switch_off());
        stack.enter(Room::Plain("kitchen")).await?;
        say!("body");
        Ok(())
    });
    block.await.unwrap();
    say!("over");
}

/// A context on it that suppresses the error hides it from those below.
pub(crate) async fn suppressed() {
    let block = with(AsyncExitStack::new(), async |stack| {
        for room in [Room::Plain("hall"), Room::Forgiving("kitchen"), Room::Plain("cellar")] {
            stack.enter(room).await?;
        }
        Err("no bread".to_owned())
    });
    block.await.unwrap();
    say!("over");
}

/// If an enter fails, what was entered before is left.
pub(crate) async fn a_failed_enter() {
    let block = with(AsyncExitStack::new(), async |stack| {
        for room in
            [Room::Plain("hall"), Room::Plain("kitchen"), Room::Locked("cellar"), Room::Plain("attic")]
        {
            stack.enter(room).await?;
        }
        say!("never printed");
        Ok(())
    });
    if let Err(error) = block.await {
        say!("caught {error}");
    }
}

/// What is on it can be taken off, and left later.
pub(crate) async fn kept_for_later() {
    let mut kept = None;
    let block = with(AsyncExitStack::new(), async |stack| {
        stack.enter(Room::Plain("hall")).await?;
        kept = Some(stack.pop_all());
        Ok(())
    });
    block.await.unwrap();
    say!("the block is over");
    let later = kept.unwrap();
    let block = with(later, async |_| {
        say!("later");
        Ok(())
    });
    block.await.unwrap();
}
