//! The same workloads on every step.
