//! What a recording takes in, and what it keeps out.

mod support;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Barrier, mpsc},
    thread,
    time::Duration,
};

use support::by_hand;
use timeline::{Kind, TaskId, ThreadId, Timeline, inherit, probe, record};

fn says(text: &str) {
    probe::note(|| text.to_string());
}

fn names(timeline: &Timeline) -> Vec<&str> {
    timeline.threads.iter().map(|thread| thread.name.as_str()).collect()
}

#[test]
fn two_recordings_on_two_threads_do_not_mix() {
    let both_record = Barrier::new(2);
    let recording = |text: &'static str| {
        let program = || {
            both_record.wait();
            says(text);
            both_record.wait();
        };
        record(program).1
    };
    thread::scope(|scope| {
        let one = scope.spawn(|| recording("one"));
        let two = scope.spawn(|| recording("two"));
        assert_eq!(one.join().unwrap().notes(), ["one"]);
        assert_eq!(two.join().unwrap().notes(), ["two"]);
    });
}

#[test]
fn a_thread_that_was_told_takes_part_and_one_that_was_not_stays_out() {
    let ((), timeline) = record(|| {
        let inherited = inherit();
        thread::scope(|scope| {
            scope.spawn(|| {
                let _lane = inherited.enter("told");
                says("in");
            });
            scope.spawn(|| says("out"));
        });
    });
    assert_eq!(timeline.notes(), ["in"]);
    assert_eq!(names(&timeline), ["main", "told"]);
    let child = timeline.order(|event| (event.thread == ThreadId(1)).then(|| format!("{:?}", event.kind)));
    assert_eq!(child, ["ThreadStarted", "Note { text: \"in\" }", "ThreadEnded"]);
}

#[test]
fn lanes_come_in_the_order_in_which_they_were_reserved() {
    let ((), timeline) = record(|| {
        let (first, never, last) = (inherit(), inherit(), inherit());
        thread::spawn(|| drop(last.enter("last"))).join().unwrap();
        thread::spawn(|| drop(first.enter("first"))).join().unwrap();
        drop(never);
    });
    assert_eq!(names(&timeline), ["main", "first", "last"]);
}

#[test]
fn a_thread_that_comes_back_keeps_its_lane() {
    let ((), timeline) = record(|| {
        let (one, two) = (inherit(), inherit());
        let pool = thread::spawn(|| {
            drop(one.enter("pool 1"));
            drop(two.enter("pool 1 again"));
        });
        pool.join().unwrap();
        let _stays_main = inherit().enter("other");
        says("here");
    });
    assert_eq!(names(&timeline), ["main", "pool 1"]);
    let note = timeline.events.iter().find(|event| matches!(event.kind, Kind::Note { .. })).unwrap();
    assert_eq!(note.thread, ThreadId(0));
}

#[test]
fn a_thread_that_outlives_the_recording_writes_nothing_more() {
    let (ended, wait) = mpsc::channel::<()>();
    let (entered, ready) = mpsc::channel();
    let (child, timeline) = record(|| {
        let inherited = inherit();
        let child = thread::spawn(move || {
            let _lane = inherited.enter("late");
            entered.send(()).unwrap();
            wait.recv().unwrap();
            says("too late");
        });
        ready.recv().unwrap();
        child
    });
    ended.send(()).unwrap();
    child.join().unwrap();
    assert_eq!(timeline.notes(), [""; 0]);
    assert_eq!(names(&timeline), ["main", "late"]);
}

#[test]
fn a_recording_inside_a_recording_hides_the_outer_one_until_it_ends() {
    let (inner, outer) = record(|| {
        says("before");
        let ((), inner) = record(|| says("inside"));
        says("after");
        inner
    });
    assert_eq!(inner.notes(), ["inside"]);
    assert_eq!(outer.notes(), ["before", "after"]);
}

#[test]
fn a_panic_ends_the_recording_and_goes_on() {
    let ((), outer) = record(|| {
        let panic = catch_unwind(|| record(|| panic!("oh")));
        assert_eq!(*panic.unwrap_err().downcast::<&str>().unwrap(), "oh");
        says("the outer one is back");
    });
    assert_eq!(outer.notes(), ["the outer one is back"]);
}

#[test]
fn a_note_whose_words_panic_does_no_harm() {
    let ((), timeline) = record(|| {
        let panic = catch_unwind(AssertUnwindSafe(|| probe::note(|| panic!("no words"))));
        assert!(panic.is_err());
        says("still here");
    });
    assert_eq!(timeline.notes(), ["still here"]);
}

#[test]
fn a_note_may_use_probes_itself() {
    let ((), timeline) = record(|| {
        probe::note(|| {
            says("inner");
            "outer".to_string()
        });
    });
    assert_eq!(timeline.notes(), ["inner", "outer"]);
}

#[test]
fn times_count_from_the_start_of_the_recording() {
    let timeline = by_hand(|hands| {
        hands.forward(5);
        let inner = hands.clone();
        let ((), later) = timeline::record_with(
            move || inner.now(),
            || {
                hands.forward(7);
                says("now");
            },
        );
        assert_eq!(later.events[1].at, Duration::from_millis(7));
        assert_eq!(later.end, Duration::from_millis(7));
    });
    assert_eq!(timeline.end, Duration::from_millis(12));
}

#[test]
fn a_key_that_is_used_again_names_a_new_task_and_a_new_timer() {
    let ((), timeline) = record(|| {
        for name in ["app::first", "app::second"] {
            probe::spawned(1, name);
            probe::woken(1);
            probe::timer_set(1, Duration::ZERO);
            probe::timer_fired(1);
        }
    });
    let order = timeline.order(|event| match event.kind {
        Kind::Woken { task } => Some(format!("{task} {}", timeline.task_name(task))),
        Kind::TimerFired { timer } => Some(timer.to_string()),
        _ => None,
    });
    assert_eq!(order, ["task 0 first", "timer 0", "task 1 second", "timer 1"]);
}

#[test]
fn a_key_that_nobody_announced_gets_a_number_all_the_same() {
    let ((), timeline) = record(|| {
        probe::poll_begin(9);
        probe::timer_dropped(9);
        probe::lock_taken(9);
        probe::io_ready(9, true, true);
        probe::lock_released(9);
    });
    assert_eq!(timeline.polls("task"), 1);
    assert_eq!(timeline.tasks.len(), 1);
}

#[test]
fn a_wake_knows_who_woke() {
    let ((), timeline) = record(|| {
        probe::woken(1); // The thread, outside of every poll.
        probe::poll_begin(2);
        probe::woken(1); // Task 1 (key 2).
        probe::poll_begin(3);
        probe::woken(1); // Task 2 (key 3), which task 1 polls.
        probe::poll_end(3, false);
        probe::woken(1); // Task 1 again.
        probe::poll_end(2, true);
        let inherited = inherit();
        thread::scope(|scope| {
            scope.spawn(|| {
                let _lane = inherited.enter("other");
                probe::woken(1); // Another thread.
            });
        });
    });
    let wakes = timeline.events.iter().filter(|event| matches!(event.kind, Kind::Woken { .. }));
    let wakers: Vec<_> = wakes.map(|event| (event.thread.0, event.task)).collect();
    let [one, two] = [TaskId(1), TaskId(2)].map(Some);
    assert_eq!(wakers, [(0, None), (0, one), (0, two), (0, one), (1, None)]);
}

#[test]
fn the_end_of_a_poll_ends_the_polls_inside_it_that_a_panic_ran_past() {
    let ((), timeline) = record(|| {
        probe::poll_begin(1);
        probe::poll_begin(2);
        probe::poll_end(1, true);
        says("outside");
        probe::poll_end(7, true); // One that never began changes nothing.
        says("still outside");
    });
    assert!(
        timeline.events.iter().all(|event| !matches!(event.kind, Kind::Note { .. }) || event.task.is_none())
    );
}

#[test]
fn polls_wakes_parks_and_notes_are_counted() {
    let timeline = support::gather();
    assert_eq!([timeline.polls("main"), timeline.polls("io_operation"), timeline.polls("nobody")], [3, 4, 0]);
    assert_eq!([timeline.wakes("main"), timeline.wakes("io_operation")], [2, 2]);
    assert_eq!(timeline.parks(), 2);
    assert_eq!(timeline.notes(), ["Starting...", "All done."]);
}
