//! Step 6's `TaskGroup`: tasks that end before the block does.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use compared::{ms, say};
use step2::yield_now;
use step3::{Elapsed, sleep};
use step6::{ErrorGroup, Event, TaskGroup, time_limit, with};

/// Says that it is cancelled if it is dropped before it is done.
struct Work {
    name: &'static str,
    is_done: bool,
}

impl Drop for Work {
    fn drop(&mut self) {
        if !self.is_done {
            say!("{} is cancelled", self.name);
        }
    }
}

async fn work(name: &'static str, time: u64) -> Result<(), &'static str> {
    let mut work = Work { name, is_done: false };
    sleep(ms(time)).await;
    work.is_done = true;
    say!("{name} is done");
    Ok(())
}

async fn fail(text: &'static str, time: u64) -> Result<(), &'static str> {
    sleep(ms(time)).await;
    Err(text)
}

fn texts(group: &ErrorGroup<&str>) -> String {
    group.errors.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The block ends when all of its tasks have ended.
pub(crate) async fn waits_for_all() {
    let block = with(TaskGroup::new(), async |group| {
        group.spawn(work("slow", 80));
        group.spawn(work("quick", 40));
        say!("the body ends");
        Ok(())
    });
    block.await.unwrap();
    say!("over");
}

/// The first error cancels the siblings, and what the body awaits.
pub(crate) async fn the_first_error_cancels() {
    let block = with(TaskGroup::new(), async |group| {
        group.spawn(work("sibling", 1000));
        group.spawn(fail("no bread", 40));
        work("body", 2000).await?;
        say!("never printed");
        Ok(())
    });
    if let Err(errors) = block.await {
        say!("{}", texts(&errors));
    }
}

/// Two tasks that fail in one turn of the loop.
pub(crate) async fn two_fail_in_one_turn() {
    let event = Rc::new(Event::new());

    async fn fail_then(text: &'static str, event: Rc<Event>) -> Result<(), &'static str> {
        event.wait().await;
        Err(text)
    }

    let block = with(TaskGroup::new(), async |group| {
        group.spawn(fail_then("first", Rc::clone(&event)));
        group.spawn(fail_then("second", Rc::clone(&event)));
        yield_now().await;
        event.set();
        Ok(())
    });
    if let Err(errors) = block.await {
        say!("{}", texts(&errors));
    }
}

/// An error of the body cancels the tasks, and is reported like theirs.
pub(crate) async fn an_error_of_the_body() {
    let block = with(TaskGroup::new(), async |group| {
        group.spawn(work("child", 1000));
        sleep(ms(40)).await;
        Err::<(), _>("no bread".into())
    });
    if let Err(errors) = block.await {
        say!("{}", texts(&errors));
    }
}

/// A child that is cancelled alone is no error.
pub(crate) async fn a_cancelled_child() {
    let block = with(TaskGroup::new(), async |group| {
        let child = group.spawn(work("child", 1000));
        group.spawn(work("sibling", 80));
        sleep(ms(40)).await;
        child.abort();
        Ok(())
    });
    block.await.unwrap();
    say!("over");
}

/// After its end a group takes no more tasks.
pub(crate) async fn after_the_end() {
    let group = TaskGroup::new();
    let block = with(group.clone(), async |_| {
        say!("body");
        Ok(())
    });
    block.await.unwrap();
    if catch_unwind(AssertUnwindSafe(|| group.spawn(work("never started", 0)))).is_err() {
        say!("refused");
    }
}

/// A task may start others in its group, which are waited for as well.
pub(crate) async fn tasks_that_start_tasks() {
    let block = with(TaskGroup::new(), async |group| {
        let own = group.clone();
        let parent = async move {
            sleep(ms(40)).await;
            own.spawn(work("child", 40));
            say!("parent is done");
            Ok(())
        };

        group.spawn(parent);
        Ok(())
    });
    block.await.unwrap();
    say!("over");
}

/// A block that is cancelled cancels its tasks, and ends after them.
pub(crate) async fn cancelled_from_outside() {
    let block = with(time_limit(ms(40)), async |_| {
        let group = with(TaskGroup::new(), async |group| {
            group.spawn(work("child", 1000));
            say!("the body ends");
            Ok(())
        });
        group.await.unwrap();
        Ok(())
    });
    if block.await == Err(Elapsed) {
        say!("timed out");
    }
}
