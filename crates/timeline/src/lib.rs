//! What happened when: records events, draws them, exports them.
