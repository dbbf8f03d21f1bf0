//! While nobody records. Alone in its process, because a recording anywhere in the process turns the probes on.

use std::time::Duration;

use timeline::{is_on, probe, record};

#[test]
fn off_by_default_and_off_again_after_a_recording() {
    assert!(!is_on());
    all_probes();
    probe::note(|| panic!("nobody listens, so nobody has to find words"));

    let ((), timeline) = record(all_probes);
    assert_eq!(timeline.events.len(), 15 + 2, "the probes below, and the thread's start and end");

    assert!(!is_on());
    all_probes();
    let ((), timeline) = record(|| ());
    assert_eq!(timeline.events.len(), 2, "nothing of what went before");
}

fn all_probes() {
    probe::spawned(1, "task");
    probe::poll_begin(1);
    probe::poll_end(1, false);
    probe::woken(1);
    probe::cancelled(1);
    probe::parked(None);
    probe::unparked();
    probe::timer_set(1, Duration::from_secs(1));
    probe::timer_fired(1);
    probe::timer_dropped(1);
    probe::io_ready(1, true, false);
    probe::lock_wanted(1);
    probe::lock_taken(1);
    probe::lock_released(1);
    if is_on() {
        probe::note(|| "hello".to_string());
    }
}
