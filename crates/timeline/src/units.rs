//! Times as people read them: in seconds, milliseconds or microseconds, and round numbers for an axis.
//!
//! All in whole numbers, so that the same times give the same text on every machine.

use std::time::Duration;

/// A unit to write times in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    nanos: u128,
    name: &'static str,
}

const SECOND: Unit = Unit { nanos: 1_000_000_000, name: "s" };
const UNITS: [Unit; 3] = [SECOND, Unit { nanos: 1_000_000, name: "ms" }, Unit { nanos: 1_000, name: "us" }];

impl Unit {
    /// The largest unit of which `time` is at least one; a microsecond at the least, and seconds for no time at all.
    pub(crate) fn of(time: Duration) -> Unit {
        let fits = |unit: &Unit| time.as_nanos() >= unit.nanos || time.is_zero();
        UNITS.into_iter().find(fits).unwrap_or(UNITS[2])
    }

    /// Writes a time with three decimals, the rest cut off: a table of such times lines up.
    pub(crate) fn fixed(self, time: Duration) -> String {
        let thousandths = time.as_nanos() * 1000 / self.nanos;
        format!("{}.{:03} {}", thousandths / 1000, thousandths % 1000, self.name)
    }

    /// Writes a time with as many of the three decimals as it needs.
    pub(crate) fn short(self, time: Duration) -> String {
        let fixed = self.fixed(time);
        let number = fixed.trim_end_matches(char::is_alphabetic).trim_end();
        format!("{} {}", number.trim_end_matches('0').trim_end_matches('.'), self.name)
    }
}

/// Writes a time in seconds, to the millisecond.
pub(crate) fn seconds(time: Duration) -> String {
    SECOND.fixed(time)
}

/// Writes a time by itself, in the unit that suits it.
pub(crate) fn short(time: Duration) -> String {
    Unit::of(time).short(time)
}

/// Chooses the marks of an axis from 0 to `end`: the most that are round and leave `room` for each other.
///
/// `room` says whether marks this far apart can be written side by side.
pub(crate) fn ticks(end: Duration, room: impl Fn(Duration) -> bool) -> Vec<Duration> {
    let end = end.as_nanos();
    // 1, 2, 5, 10, 20, ... nanoseconds.
    let round = (0..).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u128.pow(power)));
    let fits = |step: &u128| *step > end || room(nanos(*step));
    let step = round.into_iter().find(fits).unwrap_or(u128::MAX);
    (0..=end / step).map(|i| nanos(i * step)).collect()
}

fn nanos(nanos: u128) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_the_unit_that_suits_it() {
        let written = [0, 250, 1_000, 1_500_000, 2_000_000_000, 90_000_000_000].map(|n| short(nanos(n)));
        assert_eq!(written, ["0 s", "0.25 us", "1 us", "1.5 ms", "2 s", "90 s"]);
        assert_eq!(seconds(Duration::from_micros(2_003_999)), "2.003 s");
    }

    #[test]
    fn ticks_are_round_and_as_many_as_there_is_room_for() {
        let second = Duration::from_secs(1);
        let of =
            |end, apart| ticks(end, |step| step >= apart).iter().map(Duration::as_millis).collect::<Vec<_>>();
        assert_eq!(of(second * 2, second / 3), [0, 500, 1000, 1500, 2000]);
        assert_eq!(of(second * 2, second * 3), [0]);
        assert_eq!(of(Duration::ZERO, second), [0]);
        assert_eq!(ticks(Duration::MAX, |_| false), [Duration::ZERO]);
    }
}
