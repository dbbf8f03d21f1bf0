//! The note's gather program, played by hand: its events as a runtime would report them, on a clock moved by hand.
#![allow(dead_code, reason = "each file of tests uses a part of it")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use timeline::{Timeline, probe, record_with};

/// A clock that stands still until it is moved.
#[derive(Clone, Default)]
pub(crate) struct Hands(Arc<Mutex<Duration>>);

impl Hands {
    pub(crate) fn now(&self) -> Duration {
        *self.0.lock().expect("nobody panics with it")
    }

    pub(crate) fn forward(&self, millis: u64) {
        *self.0.lock().expect("nobody panics with it") += Duration::from_millis(millis);
    }
}

/// Records `program` by a clock that it moves.
pub(crate) fn by_hand(program: impl FnOnce(&Hands)) -> Timeline {
    let hands = Hands::default();
    let clock = hands.clone();
    record_with(move || clock.now(), || program(&hands)).1
}

const MAIN: usize = 0x1000;
const ONE: usize = 0x2000;
const TWO: usize = 0x3000;

/// `await asyncio.gather(io_operation(1), io_operation(2))`.
pub(crate) fn gather() -> Timeline {
    by_hand(|hands| {
        probe::spawned(MAIN, "gather::main::{{closure}}");
        poll(MAIN, false, || {
            probe::note(|| "Starting...".to_string());
            probe::spawned(ONE, "gather::io_operation::{{closure}}");
            probe::spawned(TWO, "gather::io_operation::{{closure}}");
        });
        poll(ONE, false, || probe::timer_set(1, Duration::from_secs(1)));
        poll(TWO, false, || probe::timer_set(2, Duration::from_secs(2)));
        sleep(hands, 1000);
        timer(1, ONE);
        poll(ONE, true, || probe::woken(MAIN));
        poll(MAIN, false, || ());
        sleep(hands, 1000);
        timer(2, TWO);
        poll(TWO, true, || probe::woken(MAIN));
        poll(MAIN, true, || probe::note(|| "All done.".to_string()));
    })
}

fn poll(task: usize, ready: bool, body: impl FnOnce()) {
    probe::poll_begin(task);
    body();
    probe::poll_end(task, ready);
}

fn sleep(hands: &Hands, millis: u64) {
    probe::parked(Some(Duration::from_millis(millis)));
    hands.forward(millis);
    probe::unparked();
}

fn timer(timer: u64, task: usize) {
    probe::timer_fired(timer);
    probe::woken(task);
}

/// Timelines that no program leaves behind, but that a file may hold.
pub(crate) fn hostile() -> Vec<Timeline> {
    let event =
        |at: u64, kind: &str| format!(r#"{{"at":{at},"thread":0,"task":null,"kind":{{"is":{kind}}}}}"#);
    let far = u64::MAX;
    let ends_first = [
        event(0, r#""thread_ended""#),
        event(0, r#""unparked""#),
        event(1, r#""poll_end","task":0,"ready":false"#),
        event(1, r#""poll_end","task":0,"ready":true"#),
        event(2, r#""cancelled","task":0"#),
        event(far, r#""poll_begin","task":0"#),
    ];
    let never_ends = [
        event(0, r#""lock_wanted","lock":4294967295"#),
        event(0, r#""parked","limit":18446744073709551615"#),
        event(0, r#""poll_begin","task":0"#),
        event(0, r#""poll_begin","task":0"#),
        event(far, r#""timer_set","timer":4294967295,"after":18446744073709551615"#),
    ];
    let tables = r#""threads":[{"name":"\u0007 a thread with a name that does not end soon"}],"tasks":[{"name":"\u0000\u001b[2J\u202e文字"}]"#;
    let file = |end: u64, events: &[String]| {
        let text = format!(r#"{{"version":1,"end":{end},{tables},"events":[{}]}}"#, events.join(","));
        Timeline::from_json(&text).expect("it keeps the rules")
    };
    vec![file(far, &ends_first), file(far, &never_ends), file(0, &[]), file(1, &[])]
}
