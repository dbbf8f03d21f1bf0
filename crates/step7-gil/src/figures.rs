//! What a lock has seen: how often it changed hands, and how long its threads waited and held it.

use std::time::Duration;

/// Counts durations by their size: each bucket is twice as wide as the one before.
///
/// Adding takes O(1) and no memory. A percentile is exact to a factor of two, up to 2^63 ns: some 292 years.
///
/// ```
/// use std::time::Duration;
/// use step7::Histogram;
///
/// let mut waits = Histogram::default();
/// for micros in [3, 5, 900] {
///     waits.add(Duration::from_micros(micros));
/// }
/// assert_eq!(waits.count(), 3);
/// assert!(waits.percentile(50) >= Duration::from_micros(5) && waits.percentile(50) < Duration::from_micros(10));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    /// Bucket `n` has what took less than 2^n ns, and is not in the one before. The last one has all that is longer.
    buckets: [u64; 64],
    total: Duration,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: [0; 64], total: Duration::ZERO }
    }
}

impl Histogram {
    /// Counts one.
    pub fn add(&mut self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let bucket = (u64::BITS - nanos.leading_zeros()) as usize;
        self.buckets[bucket.min(self.buckets.len() - 1)] += 1;
        self.total = self.total.saturating_add(time);
    }

    /// Returns how many were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// Returns their sum; [`Duration::MAX`] if it is longer.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.total
    }

    /// Returns the end of the bucket in which so many percent are reached; zero if there are none. More than 100 are 100.
    #[must_use]
    pub fn percentile(&self, percent: u64) -> Duration {
        let wanted = (u128::from(self.count()) * u128::from(percent.min(100))).div_ceil(100);
        let mut seen = 0;
        for (bucket, count) in self.buckets.iter().enumerate() {
            seen += count;
            if u128::from(seen) >= wanted && seen > 0 {
                return Duration::from_nanos(1 << bucket);
            }
        }
        Duration::ZERO
    }
}

/// What a [`Gil`](crate::Gil) has seen.
///
/// ```
/// let gil = step7::Gil::default();
/// drop(gil.thread().take());
/// assert_eq!(gil.figures().switches, 1);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// How often another thread than the last one has taken it.
    pub switches: u64,
    /// How often somebody has waited for a whole interval, and has asked the holder to let go.
    pub requests: u64,
    /// How often a holder has let go because it was asked to.
    pub forced: u64,
    /// How often a holder has let go of its own accord: for IO, native code, or at its end.
    pub voluntary: u64,
    /// How long they waited for it.
    pub waits: Histogram,
    /// How long they held it.
    pub holds: Histogram,
}
