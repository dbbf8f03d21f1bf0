//! Chapter 5: what is in flight while a loop goes through its items.

use std::future::Future;

use step3::sleep;
use step5::{AsyncIterator, for_await, from_iter, generator};
use timeline::{Figure, Kind, Panel, Timeline};

use crate::play::{on_loop, say, secs, seen};

/// How many seconds each item takes, and what its lane is called.
const ITEMS: [(&str, u64); 6] =
    [("item 1", 2), ("item 2", 1), ("item 3", 3), ("item 4", 1), ("item 5", 2), ("item 6", 1)];

/// One item: a future that takes its time, and gives its name.
fn fetch((name, takes): (&'static str, u64)) -> impl Future<Output = &'static str> {
    seen(name, async move {
        sleep(secs(takes)).await;
        name
    })
}

fn take(name: &str) {
    say(name.trim_start_matches("item "));
}

async fn windowed(limit: usize) {
    for_await!(name in from_iter(ITEMS).map(fetch).buffered(limit) => {
        take(name);
    });
}

/// Goes through the items with a plain `for`, and through a window of one and of three.
#[must_use]
pub fn window_runs() -> [Timeline; 3] {
    async fn plain() {
        for item in ITEMS {
            take(fetch(item).await);
        }
    }
    [on_loop(plain()), on_loop(windowed(1)), on_loop(windowed(3))]
}

/// Counts how many items have begun and are not done, at most at a time.
#[must_use]
pub fn in_flight(timeline: &Timeline) -> usize {
    let is_item = |task: timeline::TaskId| timeline.tasks[task.0 as usize].name.starts_with("item");
    let (mut now, mut most) = (0, 0);
    for event in &timeline.events {
        match event.kind {
            Kind::Spawned { task } if is_item(task) => now += 1,
            Kind::PollEnd { task, ready: true } if is_item(task) => now -= 1,
            _ => {}
        }
        most = most.max(now);
    }
    most
}

pub(crate) fn buffered_run() -> Timeline {
    on_loop(windowed(3))
}

pub(crate) fn in_flight_picture() -> String {
    let runs = window_runs();
    let [plain, one, three] = [&runs[0], &runs[1], &runs[2]].map(in_flight);
    let named = |lane: &str| {
        let name = lane.strip_prefix("task ")?.split_once(' ')?.1;
        Some(if name.starts_with("item") { name } else { "the loop takes" }.to_owned())
    };
    let panel = |title: String, run: &Timeline| Panel::new(&title, run.clone()).with_notes().named(named);
    let title =
        |how: &str, most, run: &Timeline| format!("{how}: at most {most} in flight, {} s", run.end.as_secs());
    Figure::new(
        "Six items through a loop, a window of one and a window of three",
        "Six items take 2, 1, 3, 1, 2 and 1 seconds. With a plain for, and with buffered(1), one is in flight at a time, and all \
         take ten seconds. With buffered(3), up to three are in flight; an item that is done early, as item 2, is kept until its turn, \
         so the loop still takes them in order, and all take four seconds.",
    )
    .panel(panel(title("for item in items { fetch(item).await }", plain, &runs[0]), &runs[0]))
    .panel(panel(title("buffered(1)", one, &runs[1]), &runs[1]))
    .panel(panel(title("buffered(3)", three, &runs[2]), &runs[2]))
    .svg()
}

/// The note's `async for` program.
pub(crate) fn async_for_run() -> Timeline {
    async fn program() {
        let items = generator(|y| async move {
            for i in 0..5 {
                sleep(secs(1)).await;
                y.emit(i).await;
            }
        });
        for_await!(item in items => {
            say(format!("Received: {item}"));
        });
    }
    on_loop(program())
}

pub(crate) fn async_for_picture() -> String {
    Figure::new(
        "async for: five items, a second apart, one after the other",
        "One task goes through five items. Each time it waits for a second, and so does its thread; a timer is set only when the \
         one before it has fired. Nothing overlaps.",
    )
    .panel(Panel::new("", async_for_run()).with_notes().with_timers())
    .svg()
}
