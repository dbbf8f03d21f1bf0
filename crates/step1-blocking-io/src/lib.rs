//! Blocking IO, and what waiting costs.
