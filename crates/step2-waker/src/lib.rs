//! Coroutines by hand: park, wake, block_on.
