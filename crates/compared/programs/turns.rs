//! The loop: turns, tasks, and what runs when.

use std::cell::Cell;
use std::rc::Rc;

use compared::{busy, ms, say};
use step2::yield_now;
use step3::sleep;
use step4::{JoinHandle, spawn};
use step6::Event;

/// A new task is scheduled, not started: it starts when its creator waits.
pub(crate) async fn scheduled_not_started() {
    async fn child() {
        say!("child");
    }

    let task = spawn(child());
    say!("created");
    task.await.unwrap();
    say!("awaited");
}

/// Tasks start in the order of their creation.
pub(crate) async fn first_in_first_out() {
    async fn child(name: &str) {
        say!("{name}");
    }

    let tasks = ["a", "b", "c"].map(|name| spawn(child(name)));
    for task in tasks {
        task.await.unwrap();
    }
}

/// Tasks that give way take turns.
pub(crate) async fn round_robin() {
    async fn child(name: &str) {
        for turn in 1..4 {
            say!("{name}{turn}");
            yield_now().await;
        }
    }

    let tasks = ["a", "b", "c"].map(|name| spawn(child(name)));
    for task in tasks {
        task.await.unwrap();
    }
}

/// What a task adds stands behind those that were there.
pub(crate) async fn added_during_a_turn() {
    async fn grandchild() {
        say!("grandchild");
    }

    async fn child(name: &str) -> JoinHandle<()> {
        say!("{name}");
        spawn(grandchild())
    }

    let tasks = ["first", "second"].map(|name| spawn(child(name)));
    for task in tasks {
        task.await.unwrap().await.unwrap();
    }
}

/// A task that fails takes nobody along: the loop goes on, and the error waits for whoever awaits.
pub(crate) async fn a_failing_task_is_alone() {
    async fn fails() -> Result<(), &'static str> {
        say!("failing");
        Err("no bread")
    }

    async fn other() {
        say!("other task");
    }

    let (failing, task) = (spawn(fails()), spawn(other()));
    task.await.unwrap();
    if let Err(error) = failing.await.unwrap() {
        say!("{error}");
    }
}

/// Timers are looked at between turns, however busy the queue is.
pub(crate) async fn a_busy_queue_starves_no_timer() {
    let is_over = Rc::new(Cell::new(false));

    async fn spinner(is_over: Rc<Cell<bool>>) {
        for _ in 0..1000 {
            busy(ms(1));
            yield_now().await;
            if is_over.get() {
                break;
            }
        }
        say!("spinner ends");
    }

    let task = spawn(spinner(Rc::clone(&is_over)));
    sleep(ms(40)).await;
    say!("timer");
    is_over.set(true);
    task.await.unwrap();
}

/// A task that is ready again stands behind those that were ready before it.
pub(crate) async fn ready_again_behind_others() {
    let event = Rc::new(Event::new());

    async fn waiter(event: Rc<Event>) {
        event.wait().await;
        say!("waiter");
    }

    async fn other(name: &str) {
        yield_now().await;
        say!("{name}");
    }

    let waiting = spawn(waiter(Rc::clone(&event)));
    let first = spawn(other("first"));
    yield_now().await;
    event.set();
    let second = spawn(other("second"));
    for task in [waiting, first, second] {
        task.await.unwrap();
    }
}
