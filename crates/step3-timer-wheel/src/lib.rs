//! Timers: a hierarchical wheel, sleep, timeout and interval.
