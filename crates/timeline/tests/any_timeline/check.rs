//! What holds of everything that is made of a timeline, whatever happened in it. The property test and the fuzzer share this.

use std::time::Duration;

use timeline::{Event, Figure, Panel, TextOptions, Timeline};
use unicode_width::UnicodeWidthChar;

/// Makes a timeline of any events: those that would break its invariants are put right first.
pub(crate) fn put_right(names: [Vec<String>; 2], mut events: Vec<Event>, end: Duration) -> Timeline {
    let [threads, tasks] = names;
    let threads: Vec<_> = threads.into_iter().map(|name| timeline::ThreadInfo { name }).collect();
    let tasks: Vec<_> = tasks.into_iter().map(|name| timeline::TaskInfo { name }).collect();
    events.retain(|event| {
        let known =
            event.task.into_iter().chain(event.kind.subject()).all(|task| (task.0 as usize) < tasks.len());
        known && (event.thread.0 as usize) < threads.len()
    });
    events.sort_by_key(|event| event.at);
    let end = events.last().map_or(end, |last| last.at.max(end));
    Timeline { end, threads, tasks, events }
}

/// Draws it in every way, and writes it in every format.
pub(crate) fn check(timeline: &Timeline) {
    let written = timeline.json();
    let read = Timeline::from_json(&written).expect("what was written is read");
    assert_eq!(read.json(), written);
    let longest = Duration::from_nanos(u64::MAX); // What is longer is cut to that in a file.
    if timeline.end <= longest && !written.contains(&u64::MAX.to_string()) {
        assert_eq!(&read, timeline);
    }
    serde_json::from_str::<serde_json::Value>(&timeline.chrome_json()).expect("it is JSON");

    for width in [0, 61, usize::MAX] {
        let text = timeline.text(&TextOptions { width, color: false });
        let most = width.clamp(40, 1000);
        for line in text.lines() {
            // A character that is wide takes two, and a mark on another one takes none.
            let columns: usize = line.chars().filter_map(UnicodeWidthChar::width).sum();
            assert!(columns <= most, "{columns} columns of {most}: {line}");
            assert!(!line.contains(char::is_control), "{line:?}");
        }
    }
    let colored = timeline.text(&TextOptions { width: 80, color: true });
    let plain = timeline.text(&TextOptions { width: 80, color: false });
    assert_eq!(without_colors(&colored), plain, "colours say nothing that the characters do not");

    let panel = Panel::new("<&>", timeline.clone()).with_timers().with_notes();
    for svg in [timeline.svg(), Figure::new("\"", "]]>").panel(panel).svg()] {
        let document = roxmltree::Document::parse(&svg).expect("well-formed");
        let names =
            document.descendants().filter(|node| node.is_element()).map(|node| node.tag_name().name());
        assert!(names.into_iter().all(|name| !["script", "a", "image", "foreignObject"].contains(&name)));
    }
}

fn without_colors(text: &str) -> String {
    let mut parts = text.split('\x1b');
    let first = parts.next().unwrap_or_default().to_owned();
    let plain = |part: &str| part.split_once('m').expect("an escape ends").1.to_owned();
    parts.map(plain).fold(first, |all, part| all + &part)
}
