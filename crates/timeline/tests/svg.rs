//! The picture as an SVG file.

mod support;

use support::by_hand;
use timeline::{Figure, Panel, Timeline, probe};

/// Counts a string's occurrences.
fn count(text: &str, what: &str) -> usize {
    text.matches(what).count()
}

/// Fails if the tags of `xml` do not nest.
fn assert_nests(xml: &str) {
    let mut open = Vec::new();
    for tag in xml.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("a tag ends");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().expect("a split has a first part");
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?} are still open");
}

#[test]
fn each_wake_is_an_arrow_and_each_note_a_dot() {
    let svg = support::gather().svg();
    let legend = 1;
    assert_eq!(count(&svg, "class=\"wake\""), 4 + legend);
    assert_eq!(count(&svg, "class=\"note\""), 2 + legend);
    assert_eq!(count(&svg, "class=\"done\""), 3 + legend);
    assert_nests(&svg);
}

#[test]
fn it_says_in_words_what_it_shows() {
    let svg = support::gather().svg();
    assert!(svg.contains("<title>Timeline of 2 s</title>"));
    let task = "task 1 io_operation: runs at 0 s, waits from 0 s to 1 s, runs at 1 s, done at 1 s.";
    let desc = svg.split_once("<desc>").unwrap().1.split_once("</desc>").unwrap().0;
    assert!(desc.contains(task), "{desc}");
}

#[test]
fn it_suits_light_and_dark_pages_and_fetches_nothing() {
    let svg = support::gather().svg();
    assert!(svg.contains("prefers-color-scheme:dark"));
    for foreign in ["<script", "@import", "url(", "href", "onload"] {
        assert!(!svg.contains(foreign), "{foreign}");
    }
    // The namespace is a name: nothing is fetched from there.
    assert_eq!(count(&svg, "http"), 1);
}

#[test]
fn the_panels_of_a_figure_have_one_scale_and_show_the_lanes_that_were_named() {
    let short = by_hand(|hands| {
        probe::timer_set(1, std::time::Duration::from_secs(1));
        hands.forward(1000);
        probe::timer_fired(1);
    });
    let tasks = |lane: &str| lane.starts_with("task 1").then(|| "the first".to_string());
    let figure = Figure::new("Two runs", "One is half as long.")
        .panel(Panel::new("long", support::gather()).named(tasks))
        .panel(Panel::new("short", short).with_timers());
    let svg = figure.svg();
    assert_nests(&svg);
    assert_eq!(count(&svg, ">2 s</text>"), 2);
    assert_eq!((count(&svg, ">the first</text>"), count(&svg, "io_operation</text>")), (1, 0));
    assert_eq!(count(&svg, ">timer 0: 1 s</text>"), 1);
}

#[test]
fn names_and_notes_may_hold_anything() {
    let timeline = by_hand(|_| {
        probe::spawned(1, "</text><script>&\"'");
        probe::poll_begin(1);
        probe::note(|| "]]> & </title><script>alert(1)</script> \u{0} \u{ffff}".to_string());
        probe::poll_end(1, true);
    });
    let svg = timeline.svg();
    assert_nests(&svg);
    assert!(!svg.contains("<script"));
    assert!(svg.contains("&lt;/text&gt;&lt;script&gt;&amp;&quot;&#39;"));
    assert!(!svg.contains(['\u{0}', '\u{ffff}']), "XML has no room for these, not even escaped");
}

#[test]
fn what_a_file_may_hold_can_be_drawn() {
    for timeline in support::hostile() {
        assert_nests(&timeline.svg());
    }
    assert_nests(&Timeline::default().svg());
}
