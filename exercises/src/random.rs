//! Numbers to try an answer with: others in each run, and the same again if it is asked for.

use std::env;
use std::fmt;
use std::hash::{BuildHasher, RandomState};

/// Repeats a run: the seed that it has printed.
const SEED: &str = "EXERCISES_SEED";

/// Makes random numbers. Its text is how to have the same ones again: put it into the message of an `assert`.
///
/// ```
/// let mut random = exercises::Random::new();
/// assert!(random.below(6) < 6, "{random}");
/// assert!(random.to_string().starts_with("EXERCISES_SEED="));
/// ```
#[derive(Clone, Debug)]
pub struct Random {
    seed: u64,
    state: u64,
}

impl Random {
    /// Begins with a seed that is new in each run, or with that of the variable `EXERCISES_SEED`.
    #[must_use]
    pub fn new() -> Self {
        let set = env::var(SEED).ok().and_then(|text| text.parse().ok());
        Self::with_seed(set.unwrap_or_else(|| RandomState::new().hash_one(0)))
    }

    /// Begins with this seed.
    ///
    /// ```
    /// let [mut one, mut two] = [7, 7].map(exercises::Random::with_seed);
    /// assert_eq!([0; 9].map(|_| one.below(100)), [0; 9].map(|_| two.below(100)));
    /// ```
    #[must_use]
    pub fn with_seed(seed: u64) -> Self {
        Self { seed, state: seed }
    }

    /// Returns a number from 0 up to `end`, which is left out.
    ///
    /// # Panics
    ///
    /// If `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        // Sebastiano Vigna's splitmix64. What the remainder favours by is far below what a check could notice.
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

impl Default for Random {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SEED}={}", self.seed)
    }
}
