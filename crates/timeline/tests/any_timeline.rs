//! Any events, in any order and at any time, with any names: they are drawn in every way, and written in every format.

#[path = "any_timeline/check.rs"]
mod check;

use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use timeline::{Event, Kind, LockId, SourceId, TaskId, ThreadId, TimerId};

/// A time of any magnitude.
fn time() -> impl Strategy<Value = Duration> {
    (any::<u64>(), 0..64_u32).prop_map(|(nanos, shift)| Duration::from_nanos(nanos >> shift))
}

/// A name with what a terminal obeys, what XML and JSON quote, and what is as wide as two.
fn text() -> impl Strategy<Value = String> {
    let marks = [
        "<",
        "&",
        "\"",
        "\\",
        "]]>",
        "\n",
        "\t",
        "\0",
        "\x1b[2J",
        "\u{202e}",
        "\u{2028}",
        "读取",
        "é",
        "👩‍🚀",
        "\u{fffe}",
        " ",
        "word",
    ];
    prop_oneof![
        vec(select(marks.to_vec()), 0..30).prop_map(|marks| marks.concat()),
        any::<String>(),
        Just("long ".repeat(500))
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    let of_number = (0..17_u8, 0..5_u32, any::<bool>(), any::<bool>(), time(), option::of(time()), text());
    of_number.prop_map(|(which, id, yes, other, after, limit, text)| {
        let (task, timer, lock, source) = (TaskId(id), TimerId(id), LockId(id), SourceId(id));
        match which {
            0 => Kind::ThreadStarted,
            1 => Kind::ThreadEnded,
            2 => Kind::Spawned { task },
            3 => Kind::PollBegin { task },
            4 => Kind::PollEnd { task, ready: yes },
            5 => Kind::Woken { task },
            6 => Kind::Cancelled { task },
            7 => Kind::Parked { limit },
            8 => Kind::Unparked,
            9 => Kind::TimerSet { timer, after },
            10 => Kind::TimerFired { timer },
            11 => Kind::TimerDropped { timer },
            12 => Kind::IoReady { source, readable: yes, writable: other },
            13 => Kind::LockWanted { lock },
            14 => Kind::LockTaken { lock },
            15 => Kind::LockReleased { lock },
            _ => Kind::Note { text },
        }
    })
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = (time(), 0..4_u32, option::of((0..5_u32).prop_map(TaskId)), kind());
    vec(event.prop_map(|(at, thread, task, kind)| Event { at, thread: ThreadId(thread), task, kind }), 0..150)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_has_happened_can_be_drawn_and_written(
        threads in vec(text(), 0..4),
        tasks in vec(text(), 0..5),
        events in events(),
        end in time(),
    ) {
        check::check(&check::put_right([threads, tasks], events, end));
    }
}
