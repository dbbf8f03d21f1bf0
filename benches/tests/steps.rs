//! All ways of a workload do the same work, and what their figures say of them is so.
