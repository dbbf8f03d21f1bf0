//! Any events: they are drawn in every way, and written in every format.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use timeline::{Event, Kind, LockId, SourceId, TaskId, ThreadId, TimerId};

#[path = "../../timeline/tests/any_timeline/check.rs"]
mod check;

#[derive(Debug)]
struct Any(Event);

impl<'a> Arbitrary<'a> for Any {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        let time = |bytes: &mut Unstructured<'a>| {
            let shift = bytes.int_in_range(0..=63)?;
            Ok(Duration::from_nanos(bytes.arbitrary::<u64>()? >> shift))
        };
        let at = time(bytes)?;
        let thread = ThreadId(bytes.int_in_range(0..=3)?);
        let id = u32::from(bytes.int_in_range(0..=4_u8)?);
        let (task, timer, lock, source) = (TaskId(id), TimerId(id), LockId(id), SourceId(id));
        let kind = match bytes.int_in_range(0..=16)? {
            0 => Kind::ThreadStarted,
            1 => Kind::ThreadEnded,
            2 => Kind::Spawned { task },
            3 => Kind::PollBegin { task },
            4 => Kind::PollEnd { task, ready: bytes.arbitrary()? },
            5 => Kind::Woken { task },
            6 => Kind::Cancelled { task },
            7 => Kind::Parked { limit: bytes.arbitrary::<bool>()?.then(|| time(bytes)).transpose()? },
            8 => Kind::Unparked,
            9 => Kind::TimerSet { timer, after: time(bytes)? },
            10 => Kind::TimerFired { timer },
            11 => Kind::TimerDropped { timer },
            12 => Kind::IoReady { source, readable: bytes.arbitrary()?, writable: bytes.arbitrary()? },
            13 => Kind::LockWanted { lock },
            14 => Kind::LockTaken { lock },
            15 => Kind::LockReleased { lock },
            _ => Kind::Note { text: bytes.arbitrary()? },
        };
        let inside = bytes.arbitrary::<bool>()?.then(|| bytes.int_in_range(0..=4)).transpose()?;
        Ok(Self(Event { at, thread, task: inside.map(TaskId), kind }))
    }
}

fuzz_target!(|input: ([Vec<String>; 2], Vec<Any>, u64)| {
    let (names, events, end) = input;
    let events = events.into_iter().map(|any| any.0).collect();
    check::check(&check::put_right(names, events, Duration::from_nanos(end)));
});
