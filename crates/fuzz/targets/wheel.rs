//! Any steps: the wheel does what a heap would.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../step3-timer-wheel/tests/wheel/pair.rs"]
mod pair;

fuzz_target!(|input: (u64, bool, u8, Vec<u64>)| {
    let (start, removes, turn_bits, words) = input;
    let habits = pair::Habits { removes, turn_bits: u32::from(turn_bits % 32) };
    let mut pair = pair::Pair::starting_at(start);
    for word in words {
        pair.step(habits, word);
        pair.check();
    }
    pair.turn(u64::MAX, 0);
    pair.check();
    assert!(pair.wheel.is_empty());
});
