//! What an answer to `convoy` has to do: its rule, on a clock that only the checks move.

use std::time::Duration;

use exercises::{ManualClock, check, check_at, misconception, note};

use super::{LATE, LATE_WITH_A_TENTH, Lock, Waiter, next_holder};

const STEP: Duration = Duration::from_micros(100);
const INTERVAL: Duration = Duration::from_millis(5);
const TENTH: Duration = Duration::from_micros(500);
const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// What a thread does, over and over: it computes under the lock, and sleeps without it.
#[derive(Clone, Copy)]
struct Habit {
    computes: Duration,
    sleeps: Duration,
}

const LOOP: Habit = Habit { computes: STEP, sleeps: MILLISECOND };
const HOG: Habit = Habit { computes: SECOND, sleeps: SECOND };

enum Does {
    /// Until then.
    Sleeps(Duration),
    Waits,
    Computes,
}

struct Thread {
    habit: Habit,
    does: Does,
    /// How much it has still to compute before it sleeps.
    left: Duration,
    /// By how much it was late, each time that it had the lock again after a sleep.
    late: Vec<Duration>,
}

/// Some threads and their lock.
struct Play {
    lock: Lock,
    threads: Vec<Thread>,
    /// Who has the lock, or had it last.
    last_holder: Option<usize>,
    /// How often the lock went from one thread to another.
    switches: usize,
}

impl Play {
    /// Plays threads of these habits for a second. All want the lock in the beginning, in their order.
    fn of(clock: &ManualClock, interval: Duration, habits: &[Habit]) -> Self {
        let begin = clock.now();
        let thread = |habit: &Habit| Thread {
            habit: *habit,
            does: Does::Sleeps(begin),
            left: habit.computes,
            late: Vec::new(),
        };
        let lock = Lock { interval, holder: None, taken_at: begin, waiting: Vec::new() };
        let threads = habits.iter().map(thread).collect();
        let mut play = Self { lock, threads, last_holder: None, switches: 0 };
        while clock.now() < begin + SECOND {
            play.step(clock.now());
            clock.advance(STEP);
        }
        play
    }

    fn step(&mut self, now: Duration) {
        for (number, thread) in self.threads.iter_mut().enumerate() {
            match thread.does {
                Does::Sleeps(until) if until <= now => {
                    thread.does = Does::Waits;
                    self.lock.waiting.push(Waiter { thread: number, since: now });
                }
                Does::Computes if thread.left.is_zero() => {
                    thread.left = thread.habit.computes;
                    thread.does = Does::Sleeps(now + thread.habit.sleeps);
                    self.lock.holder = None;
                }
                _ => {}
            }
        }
        let next = next_holder(&self.lock, now);
        if next != self.lock.holder {
            self.hand_over(next, now);
        }
        if let Some(holder) = self.lock.holder {
            self.threads[holder].left = self.threads[holder].left.saturating_sub(STEP);
        }
    }

    /// Takes the lock from its holder, who waits for it again, and gives it to `next`.
    fn hand_over(&mut self, next: Option<usize>, now: Duration) {
        if let Some(holder) = self.lock.holder {
            self.threads[holder].does = Does::Waits;
            self.lock.waiting.push(Waiter { thread: holder, since: now });
        }
        self.lock.holder = next;
        let Some(number) = next else { return };
        let at = self.lock.waiting.iter().position(|waiter| waiter.thread == number);
        let waiter =
            self.lock.waiting.remove(at.expect("the lock went to a thread that does not wait for it"));
        self.lock.taken_at = now;
        let thread = &mut self.threads[number];
        if thread.left == thread.habit.computes {
            thread.late.push(now - waiter.since);
        }
        thread.does = Does::Computes;
        if self.last_holder.is_some_and(|last| last != number) {
            self.switches += 1;
        }
        self.last_holder = next;
    }
}

fn is_still_to_be_said(name: &str, said: u64) {
    assert_ne!(said, u64::MAX, "{name} is still to be predicted");
}

#[test]
fn a_loop_is_late_by_an_interval() {
    check(|_| {
        is_still_to_be_said("LATE", LATE);
        match LATE {
            0 => misconception("W7-io-first", "a loop that wakes up was to have the lock at once"),
            900_000.. => {
                misconception("W7-blocks-asyncio", "the loop was to wait until the other thread has finished")
            }
            _ => assert_eq!(LATE, 5000, "LATE, in microseconds"),
        }
    });
}

#[test]
fn with_a_tenth_of_it_by_a_tenth() {
    check(|_| {
        is_still_to_be_said("LATE_WITH_A_TENTH", LATE_WITH_A_TENTH);
        assert_eq!(LATE_WITH_A_TENTH, 500, "LATE_WITH_A_TENTH, in microseconds");
    });
}

fn lock(holder: Option<usize>, taken_at: Duration, waiting: &[(usize, Duration)]) -> Lock {
    let waiting = waiting.iter().map(|(thread, since)| Waiter { thread: *thread, since: *since }).collect();
    Lock { interval: INTERVAL, holder, taken_at, waiting }
}

#[test]
fn a_free_lock_goes_to_the_first_at_once() {
    check(|_| {
        let now = SECOND;
        assert_eq!(next_holder(&lock(None, Duration::ZERO, &[]), now), None, "free, and nobody waits");
        let two = [(4, now - STEP), (2, now)];
        assert_eq!(next_holder(&lock(None, Duration::ZERO, &two), now), Some(4), "free, and two wait");
        let just_let_go = lock(None, now - STEP, &[(4, now)]);
        assert_eq!(next_holder(&just_let_go, now), Some(4), "free, and taken last a moment ago");
    });
}

#[test]
fn a_holder_keeps_it_for_an_interval() {
    check(|_| {
        let since = SECOND;
        let alone = lock(Some(1), Duration::ZERO, &[]);
        assert_eq!(next_holder(&alone, since), Some(1), "nobody waits, however long it has held the lock");
        let wanted = lock(Some(1), Duration::ZERO, &[(4, since), (2, since + STEP)]);
        if next_holder(&wanted, since) == Some(4) {
            misconception("W7-io-first", "who has come to wait got the lock at once");
        }
        assert_eq!(
            next_holder(&wanted, since + INTERVAL - STEP),
            Some(1),
            "a moment before the interval is over"
        );
        if next_holder(&wanted, since + 100 * INTERVAL) == Some(1) {
            misconception(
                "W7-blocks-asyncio",
                "a thread has waited for many intervals, and the holder keeps the lock",
            );
        }
        assert_eq!(next_holder(&wanted, since + INTERVAL), Some(4), "the interval is over");
    });
}

#[test]
fn a_new_holder_has_its_interval() {
    check(|_| {
        let (since, taken_at) = (SECOND, SECOND + INTERVAL);
        let wanted = lock(Some(1), taken_at, &[(4, since)]);
        for (after, holder) in [(STEP, 1), (INTERVAL - STEP, 1), (INTERVAL, 4)] {
            let next = next_holder(&wanted, taken_at + after);
            assert_eq!(next, Some(holder), "{after:?} after the switch, with one who has waited all along");
        }
    });
}

#[test]
fn however_little_it_has_to_do() {
    let clock = ManualClock::new();
    check_at(&clock, |_| {
        note("a loop alone");
        let alone = Play::of(&clock, INTERVAL, &[LOOP]);
        assert!(alone.threads[0].late.len() > 900, "a turn takes 1.1 ms, in a second");
        assert!(alone.threads[0].late.iter().all(Duration::is_zero), "a loop alone is never late");
        for computes in [STEP, MILLISECOND, 3 * MILLISECOND] {
            note(format!(
                "a loop that computes for {computes:?}, beside a thread that computes for a second"
            ));
            let beside = Play::of(&clock, INTERVAL, &[Habit { computes, ..LOOP }, HOG]);
            let late = &beside.threads[0].late;
            assert!(late.len() > 100, "it had only {} turns in a second", late.len());
            // The first turn found the lock free.
            assert!(late.iter().skip(1).all(|late| *late == INTERVAL), "late by {late:?}");
        }
    });
}

#[test]
fn a_shorter_interval_has_its_price() {
    let clock = ManualClock::new();
    check_at(&clock, |_| {
        let play = |interval| Play::of(&clock, interval, &[LOOP, HOG]);
        let (long, short) = (play(INTERVAL), play(TENTH));
        assert!(
            short.threads[0].late.iter().skip(1).all(|late| *late == TENTH),
            "{:?}",
            short.threads[0].late
        );
        assert!(
            short.switches > 3 * long.switches,
            "the lock changed hands {} times, and with a tenth of the interval {} times",
            long.switches,
            short.switches
        );
        let hogs = Play::of(&clock, INTERVAL, &[HOG, HOG, HOG]);
        assert_eq!(hogs.switches, 199, "three threads that compute: a switch each 5 ms, for a second");
    });
}
