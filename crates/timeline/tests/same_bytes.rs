//! The same program on a clock moved by hand leaves the same bytes, whatever its addresses and its threads' timing.

mod support;

use std::thread;

use support::by_hand;
use timeline::{TextOptions, Timeline, inherit, probe};

fn program(hands: &support::Hands) {
    // Addresses differ from run to run, as real ones do.
    let [one, two] = [Box::new(1_u64), Box::new(2_u64)];
    let keys = [&raw const *one as usize, &raw const *two as usize];
    for key in keys {
        probe::spawned(key, "app::work::{{closure}}");
        probe::timer_set(key as u64, std::time::Duration::from_millis(3));
        probe::lock_wanted(key);
        probe::io_ready(key, true, true);
    }
    for (number, key) in [1, 2].into_iter().zip(keys) {
        let inherited = inherit();
        let child = thread::spawn(move || {
            let _lane = inherited.enter(&format!("pool {number}"));
            probe::woken(key);
        });
        child.join().expect("it only wakes");
        hands.forward(3);
    }
    probe::cancelled(keys[0]);
}

fn bytes(timeline: &Timeline) -> [String; 4] {
    let text = timeline.text(&TextOptions { width: 80, color: true });
    [text, timeline.svg(), timeline.json(), timeline.chrome_json()]
}

#[test]
fn the_same_program_leaves_the_same_bytes() {
    let first = by_hand(program);
    for _ in 0..20 {
        assert_eq!(bytes(&by_hand(program)), bytes(&first));
    }
}

#[test]
fn a_timeline_from_a_file_is_drawn_as_the_one_that_was_written() {
    let first = by_hand(program);
    let loaded = Timeline::from_json(&first.json()).unwrap();
    assert_eq!(bytes(&loaded), bytes(&first));
}
