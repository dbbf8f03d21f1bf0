//! The trace for Perfetto and Chrome.

mod support;

use serde_json::Value;
use support::by_hand;
use timeline::{Timeline, probe};

fn entries(timeline: &Timeline) -> Vec<Value> {
    let file: Value = serde_json::from_str(&timeline.chrome_json()).expect("it is JSON");
    file["traceEvents"].as_array().expect("an array").clone()
}

fn of<'a>(entries: &'a [Value], ph: &str) -> Vec<&'a Value> {
    entries.iter().filter(|entry| entry["ph"] == ph).collect()
}

#[test]
fn every_thread_and_task_has_a_named_track() {
    let entries = entries(&support::gather());
    let names: Vec<_> =
        of(&entries, "M").iter().map(|entry| entry["args"]["name"].as_str().unwrap().to_string()).collect();
    let tracks = ["thread main", "task 0 main", "task 1 io_operation", "task 2 io_operation"];
    assert_eq!(names, [&["threads", "tasks"][..], &tracks].concat());
}

#[test]
fn polls_are_slices_that_begin_and_end_and_waits_have_their_length() {
    let entries = entries(&support::gather());
    assert_eq!(of(&entries, "B").len(), 7);
    assert_eq!(of(&entries, "E").len(), 7);
    let waits = of(&entries, "X").into_iter().filter(|entry| entry["name"] == "waits");
    let lengths: Vec<_> = waits.map(|entry| entry["dur"].as_f64().unwrap()).collect();
    assert_eq!(lengths, [1e6, 1e6, 1e6, 2e6]);
}

#[test]
fn an_arrow_leads_from_each_wake_to_the_poll_that_answers_it() {
    let entries = entries(&support::gather());
    let ends =
        |ph| of(&entries, ph).into_iter().map(|entry| entry["id"].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!(ends("s").len(), 4);
    assert_eq!(ends("s"), ends("f"));
}

#[test]
fn names_and_notes_may_hold_anything() {
    let timeline = by_hand(|_| {
        probe::spawned(1, "\"<&>\\");
        probe::note(|| "\"},{\"ph\":\"X\"\n".to_string());
    });
    let instants = entries(&timeline);
    let instants = of(&instants, "i");
    assert_eq!(instants[1]["name"], "spawns task 0 \"<&>\\");
    assert_eq!(instants[2]["name"], "says \"\"},{\"ph\":\"X\"\n\"");
}
