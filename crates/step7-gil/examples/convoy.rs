//! The convoy effect: how late a thread comes back that sleeps for a millisecond, if another one computes.
//!
//! Who sleeps lets go of the lock, and so loses its place: to come back, it waits for an interval, and asks. So what takes
//! little of the lock waits longest for it. The interval is the price, and what it is good for: fewer switches.
//!
//! `cargo run -p step7 --example convoy`, and with `--profile bench` for figures to compare.
#![allow(clippy::unwrap_used, reason = "an example may")]

use std::thread;
use std::time::{Duration, Instant};

use step2::ThreadPark;
use step3::{Clock, TimerDriver, now, sleep_until};
use step4::EventLoop;
use step7::{Gil, GilPark, Machine, MachineThread, Program};
use timeline::demo::{Stage, say};
use timeline::probe;

const SLEEP: Duration = Duration::from_millis(1);
const SAMPLES: usize = 60;
/// Enough to see a few of the hog's turns, of 5 ms each.
const RECORDED: usize = 3;

/// Computes until it is told to stop, and lets go of the lock only if asked to.
const HOG: &str = "
global stop = False

func hog()
    RESUME
again:
    LOAD_GLOBAL stop
    POP_JUMP_IF_FALSE more
    HALT
more:
    JUMP_BACKWARD again
end

func stop()
    RESUME
    LOAD_CONST True
    STORE_GLOBAL stop
    HALT
end
";

/// A thread that computes under a lock, until this is dropped.
struct Hog {
    machine: Machine,
    thread: Option<MachineThread>,
}

impl Hog {
    /// Starts one, and returns when it computes. The caller must not hold the lock.
    fn start(gil: &Gil) -> Self {
        let program: Program = HOG.parse().unwrap();
        let machine = Machine::builder(program.verify().unwrap()).gil(gil).build().unwrap();
        let thread = Some(machine.start("hog", &[]).unwrap());
        probe::parked(None);
        while !gil.is_taken() {
            thread::sleep(SLEEP / 10);
        }
        probe::unparked();
        Self { machine, thread }
    }
}

impl Drop for Hog {
    fn drop(&mut self) {
        self.machine.run("stop", &[]).unwrap();
        if let Some(thread) = self.thread.take() {
            probe::parked(None);
            thread.join().unwrap();
            probe::unparked();
        }
    }
}

/// Sleeps without the lock, as a blocking read does; returns how late it had the lock again.
fn late_thread(gil: &Gil, samples: usize) -> Vec<Duration> {
    let mut thread = gil.thread();
    let mut guard = thread.take();
    let mut sleep = || {
        let due = Instant::now() + SLEEP;
        guard.allow_threads(|| thread::sleep(SLEEP));
        due.elapsed()
    };
    (0..samples).map(|_| sleep()).collect()
}

/// The same as a task of an event loop. It sleeps until whole milliseconds: to these, the loop's timers are rounded.
///
/// There is no socket in it, and the selector's own limits are whole milliseconds; so the loop sleeps as a thread does.
fn late_task(gil: &Gil, samples: usize) -> Vec<Duration> {
    let park = GilPark::new(gil, ThreadPark::new());
    EventLoop::on(TimerDriver::new(park, Clock::real())).run(io_task(samples))
}

async fn io_task(samples: usize) -> Vec<Duration> {
    let mut late = Vec::new();
    for _ in 0..samples {
        let due = Duration::from_millis(now().as_millis() as u64) + 2 * SLEEP;
        sleep_until(due).await;
        late.push(now().saturating_sub(due));
    }
    late
}

/// Measures both beside a hog, or alone if there is no interval; each has a lock of its own.
fn row(interval: Option<Duration>) -> String {
    let measured = [late_thread, late_task].map(|late| {
        let gil = interval.map_or_else(Gil::default, |interval| Gil::builder().interval(interval).build());
        let hog = interval.map(|_| Hog::start(&gil));
        let mut late = late(&gil, SAMPLES);
        drop(hog);
        late.sort();
        [late[SAMPLES / 2], late[SAMPLES - 1]]
    });
    let what =
        interval.map_or("alone".to_owned(), |interval| format!("beside a hog, {}", millis(interval, 2)));
    let columns = measured.as_flattened().iter().map(|late| format!("{:>11}", millis(*late, 2)));
    format!("{what:<21}{}", columns.collect::<String>())
}

fn millis(time: Duration, digits: usize) -> String {
    format!("{:.digits$} ms", time.as_secs_f64() * 1e3)
}

fn main() {
    let stage = Stage::from_args().in_real_time();
    say("How late, after a sleep of 1 ms:");
    say(format!("{:<21}{:>22}{:>22}", "", "a thread", "a loop's task"));
    say(format!("{:<21}{:>11}{:>11}{:>11}{:>11}", "interval", "median", "worst", "median", "worst"));
    for micros in [None, Some(5000), Some(500), Some(50)] {
        say(row(micros.map(Duration::from_micros)));
    }

    let begin = Instant::now();
    stage.play(
        move || begin.elapsed(),
        || {
            let gil = Gil::default();
            let hog = Hog::start(&gil);
            late_task(&gil, RECORDED);
            drop(hog);
        },
    );
}
