//! Each picture says what its chapter claims: asked of the recordings and of the SVG, not of eyes.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::time::Duration;

use pictures::{
    Transitions, blocking_runs, deposit_runs, exit_runs, holder_run, in_flight, lost_updates, pictures,
    states_run, traces, turns, wake_runs, window_runs,
};
use step7::Data;
use timeline::{Event, Kind, Timeline};

fn millis(time: Duration) -> u128 {
    time.as_millis()
}

#[test]
fn each_picture_is_well_formed_and_says_in_words_what_it_shows() {
    for (name, svg) in pictures() {
        let document = roxmltree::Document::parse(&svg).unwrap_or_else(|error| panic!("{name}: {error}"));
        let child =
            |tag: &str| document.root_element().children().find(|node| node.has_tag_name(tag)).unwrap();
        assert!(child("title").text().unwrap().len() > 10, "{name} has a title");
        assert!(child("desc").text().unwrap().len() > 80, "{name} says what it shows");
        assert!(child("style").text().unwrap().contains("prefers-color-scheme:dark"), "{name} suits both");
        let wide: u32 = document.root_element().attribute("width").unwrap().parse().unwrap();
        assert!(wide <= 760, "{name} is {wide} wide");
    }
}

#[test]
fn no_text_goes_beyond_its_picture() {
    for (name, svg) in pictures() {
        let document = roxmltree::Document::parse(&svg).unwrap();
        for text in document.descendants().filter(|node| node.has_tag_name("text")) {
            let x: usize = text.attribute("x").unwrap().parse().unwrap();
            // A letter of this font is 7.8 wide.
            let wide = text.text().unwrap_or("").chars().count() * 78 / 10;
            let end = match text.attribute("text-anchor") {
                None => x + wide,
                Some("middle") => x + wide / 2,
                Some(_) => x,
            };
            assert!(end <= 760, "{name}: `{}` ends at {end}", text.text().unwrap_or(""));
        }
    }
}

#[test]
fn each_trace_is_small_and_can_be_read_back() {
    for (name, trace) in traces() {
        let json = trace.json();
        assert!(json.len() < 300_000, "{name} takes {} bytes", json.len());
        assert_eq!(Timeline::from_json(&json).unwrap(), trace, "{name}");
    }
}

#[test]
fn nine_requests_take_900_100_and_500_ms() {
    assert_eq!(blocking_runs().map(|run| millis(run.end)), [900, 100, 500]);
    assert_eq!(blocking_runs().map(|run| run.threads.len()), [1, 9, 2]);
}

#[test]
fn the_schedule_that_loses_ends_asleep_and_the_other_one_does_not() {
    let last_sleep = |run: &Timeline| {
        let mut events = run.events.iter().filter(|event| event.thread.0 == 1);
        let sleep = events.rfind(|event| matches!(event.kind, Kind::Parked { .. } | Kind::Unparked));
        sleep.unwrap().kind.clone()
    };
    let [lost, kept] = wake_runs();
    assert_eq!(last_sleep(&lost), Kind::Parked { limit: None });
    assert_eq!(last_sleep(&kept), Kind::Unparked);
}

#[test]
fn the_wheel_moves_two_timers_down_and_fires_three() {
    let turns = turns();
    assert_eq!(turns[0].places, [(0, 62, 62), (1, 1, 70), (1, 1, 75), (1, 9, 600), (2, 2, 9000)]);
    assert_eq!(turns[2].places[..2], [(0, 6, 70), (0, 11, 75)]);
    let fired: Vec<_> = turns.iter().map(|turned| &turned.fired[..]).collect();
    assert_eq!(fired, [&[][..], &[62], &[], &[70, 75]]);
    assert_eq!(turns[3].places, [(1, 9, 600), (2, 2, 9000)]);
}

#[test]
fn every_task_of_the_states_begins_and_ends() {
    assert_eq!(Transitions::of(&states_run()).born_and_ended(), (4, 4));
}

#[test]
fn one_one_and_three_items_are_in_flight() {
    let runs = window_runs();
    assert_eq!([&runs[0], &runs[1], &runs[2]].map(in_flight), [1, 1, 3]);
    assert_eq!(runs.map(|run| run.end.as_secs()), [10, 10, 4]);
}

#[test]
fn each_block_is_left_once_and_only_a_dropped_one_by_another_task() {
    let runs = exit_runs();
    for (run, outcome) in runs.iter().zip(["returned", "failed", "panicked", "cancelled"]) {
        let lefts: Vec<&Event> = run.events.iter().filter(|event| says(event, "left")).collect();
        let body = run.events.iter().find(|event| says(event, "body")).unwrap();
        assert_eq!(lefts.len(), 1, "{outcome}");
        assert_eq!(lefts[0].task == body.task, outcome != "cancelled");
        assert!(run.notes().contains(&&*format!("exit: {outcome}")));
    }
}

fn says(event: &Event, what: &str) -> bool {
    matches!(&event.kind, Kind::Note { text } if text == what)
}

#[test]
fn three_deposits_make_1_without_a_lock_and_3_with_one() {
    let [without_lock, with_lock] = deposit_runs();
    assert_eq!(without_lock.notes().last(), Some(&"balance: 1"));
    assert_eq!(with_lock.notes().last(), Some(&"balance: 3"));
    assert_eq!([without_lock.end.as_secs(), with_lock.end.as_secs()], [1, 3]);
}

#[test]
fn the_lock_has_one_holder_at_a_time() {
    let run = holder_run();
    let mut holder = None;
    let mut turns = 0;
    for event in &run.events {
        match event.kind {
            Kind::LockTaken { .. } => {
                assert_eq!(holder.replace(event.thread), None);
                turns += 1;
            }
            Kind::LockReleased { .. } => assert_eq!(holder.take(), Some(event.thread)),
            _ => {}
        }
    }
    assert_eq!((holder, turns), (None, 6));
}

#[test]
fn a_schedule_of_one_instruction_at_a_time_loses_an_update() {
    let [lost, kept] = lost_updates();
    assert_eq!((lost.global("n"), kept.global("n")), (&Data::Int(1), &Data::Int(2)));
}
