//! The timeline's own file format: what is written is read again, and nothing else is.

mod support;

use std::time::Duration;

use support::by_hand;
use timeline::{Timeline, probe};

fn every_kind() -> Timeline {
    by_hand(|hands| {
        probe::spawned(1, "app::\"<&>\"");
        probe::poll_begin(1);
        probe::timer_set(1, Duration::from_millis(1));
        probe::lock_wanted(1);
        probe::lock_taken(1);
        probe::lock_released(1);
        probe::note(|| "\"quoted\"\n\u{1b}[31m 读取文件".to_string());
        probe::poll_end(1, false);
        probe::parked(Some(Duration::from_nanos(1)));
        hands.forward(1);
        probe::unparked();
        probe::parked(None);
        probe::unparked();
        probe::io_ready(1, true, false);
        probe::timer_fired(1);
        probe::timer_dropped(1);
        probe::woken(1);
        probe::cancelled(1);
    })
}

#[test]
fn what_was_written_is_read_again() {
    for timeline in [every_kind(), support::gather(), Timeline::default()] {
        assert_eq!(Timeline::from_json(&timeline.json()).unwrap(), timeline);
    }
}

#[test]
fn it_is_written_one_event_a_line() {
    let timeline = by_hand(|hands| {
        probe::spawned(1, "main");
        probe::poll_begin(1);
        probe::timer_set(1, Duration::from_millis(2));
        probe::poll_end(1, false);
        probe::parked(None);
        hands.forward(2);
    });
    let expected = r#"{"version":1,"end":2000000,
"threads":[{"name":"main"}],
"tasks":[{"name":"main"}],
"events":[
{"at":0,"thread":0,"task":null,"kind":{"is":"thread_started"}},
{"at":0,"thread":0,"task":null,"kind":{"is":"spawned","task":0}},
{"at":0,"thread":0,"task":null,"kind":{"is":"poll_begin","task":0}},
{"at":0,"thread":0,"task":0,"kind":{"is":"timer_set","timer":0,"after":2000000}},
{"at":0,"thread":0,"task":null,"kind":{"is":"poll_end","task":0,"ready":false}},
{"at":0,"thread":0,"task":null,"kind":{"is":"parked","limit":null}},
{"at":2000000,"thread":0,"task":null,"kind":{"is":"thread_ended"}}
]}
"#;
    assert_eq!(timeline.json(), expected);
}

#[test]
fn what_is_broken_is_refused_with_one_clear_line() {
    let file = |end: &str, threads: &str, tasks: &str, events: &str| {
        format!(r#"{{"version":1,"end":{end},"threads":[{threads}],"tasks":[{tasks}],"events":[{events}]}}"#)
    };
    let named = r#"{"name":"x"}"#;
    let event = |at: &str, thread: u64, task: &str, kind: &str| {
        format!(r#"{{"at":{at},"thread":{thread},"task":{task},"kind":{kind}}}"#)
    };
    let started = r#"{"is":"thread_started"}"#;
    let disorder = format!("{},{}", event("5", 0, "null", started), event("4", 0, "null", started));
    let cases = [
        (String::new(), "not a timeline: EOF"),
        ("[]".to_string(), "not a timeline: invalid"),
        ("[".repeat(100_000), "not a timeline: "),
        (r#"{"events":[]}"#.to_string(), "not a timeline: missing field `version`"),
        (r#"{"version":"1"}"#.to_string(), "not a timeline: invalid type"),
        (r#"{"version":2}"#.to_string(), "timeline of version 2, but only version 1 is known"),
        (r#"{"version":1}"#.to_string(), "not a timeline: missing field `end`"),
        (file("-1", named, "", ""), "not a timeline: invalid value"),
        (file("1e99", named, "", ""), "not a timeline: "),
        (
            file("9", named, "", &event("0", 0, "null", r#"{"is":"magic"}"#)),
            "not a timeline: unknown variant `magic`",
        ),
        (
            file("9", named, "", &event("0", 0, "null", r#"{"is":"spawned"}"#)),
            "not a timeline: missing field `task`",
        ),
        (file("9", named, "", &event("0", 4294967296, "null", started)), "not a timeline: invalid value"),
        (
            file("9", named, "", &event("0", 1, "null", started)),
            "event 0 names a thread that is not in the table",
        ),
        (file("9", named, "", &event("0", 0, "0", started)), "event 0 names a task that is not in the table"),
        (
            file("9", named, named, &event("0", 0, "0", r#"{"is":"woken","task":1}"#)),
            "event 0 names a task that is not in the table",
        ),
        (file("9", named, "", &event("10", 0, "null", started)), "event 0 is later than the end"),
        (file("9", named, "", &disorder), "event 1 is earlier than the one before it"),
    ];
    for (text, why) in cases {
        let error = Timeline::from_json(&text).unwrap_err().to_string();
        assert!(error.starts_with(why), "{error}");
        assert_eq!(error.lines().count(), 1);
    }
}

#[test]
fn a_file_cut_off_anywhere_is_refused() {
    let json = every_kind().json();
    let whole = json.trim_end().len();
    for end in (0..whole).filter(|end| json.is_char_boundary(*end)) {
        assert!(Timeline::from_json(&json[..end]).is_err());
    }
}
