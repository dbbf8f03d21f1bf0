//! The contract of the demos: they print the lines of the Python programs, and the manual clock makes runs repeatable.

mod tool;

use tool::{Scratch, course, printed, stderr};

/// A demo of one of the note's programs, and what both print. (That Python prints it too is in `python.rs`.)
struct Program {
    demo: &'static str,
    lines: &'static [&'static str],
}

const SEQUENTIAL: &[&str] = &["Begin operation", "Some time-consuming IO operations...", "End operation"];
const CONCURRENT: &[&str] = &["IO 1 delayed 1s", "IO 2 delayed 2s"];

const BLOCKING: Program = Program { demo: "blocking", lines: SEQUENTIAL };
const ASYNC_AWAIT: Program = Program { demo: "async-await", lines: SEQUENTIAL };
const GATHER: Program = Program { demo: "gather", lines: CONCURRENT };
const CREATE_TASK: Program = Program { demo: "create-task", lines: CONCURRENT };
const ASYNC_FOR: Program = Program {
    demo: "async-for",
    lines: &["Received: 0", "Received: 1", "Received: 2", "Received: 3", "Received: 4"],
};
const ASYNC_WITH: Program = Program {
    demo: "async-with",
    lines: &[
        "Connecting to database...",
        "Results of query: SELECT * FROM users",
        "Disconnecting from database...",
    ],
};
const ALL: [Program; 6] = [BLOCKING, ASYNC_AWAIT, GATHER, CREATE_TASK, ASYNC_FOR, ASYNC_WITH];

/// Not one of the note's programs: it goes on where `async with` ends.
const TRANSACTIONS: &str =
    "Without a lock: 1\nWith a lock: 100\nIn transactions: 100\nWithout an await in between: 100\n";

/// A demo of step 7: its threads take the time that they take, so only what its lines begin with is always the same.
struct Measured {
    demo: &'static str,
    /// What some of its lines begin with, in this order.
    rows: &'static [&'static str],
}

const GIL_CPU: Measured = Measured {
    demo: "gil-cpu",
    rows: &[
        "                                time   ratio  switches    shares",
        "one after the other ",
        "two threads, every 5 ms ",
        "two threads, every 0.5 ms ",
    ],
};
const GIL_IO: Measured = Measured {
    demo: "gil-io",
    rows: &[
        "8 waits of 50ms ",
        "  one after the other ",
        "  8 threads ",
        "  8 tasks on one thread ",
        "8 native calls of 20ms",
        "  8 threads, which keep the lock ",
        "  8 threads, which let go of it ",
    ],
};
const CONVOY: Measured = Measured {
    demo: "convoy",
    rows: &[
        "How late, after a sleep of 1 ms:",
        "interval                  median      worst     median      worst",
        "alone ",
        "beside a hog, 5.00 ms ",
        "beside a hog, 0.50 ms ",
        "beside a hog, 0.05 ms ",
    ],
};
/// It tries every schedule, and so measures nothing: its rows are whole.
const RACE: Measured = Measured {
    demo: "race",
    rows: &[
        "Two threads add 1 twice.",
        "                      every instruction          loops and calls",
        "n += 1                2, 3, 4           184756   4                      6",
        "n += f()              2, 3, 4       9075135300   2, 3, 4              924",
        "n = f() + n           2, 3, 4       9075135300   4                    924",
        "with lock: n += f()   4                   1126   4                    142",
    ],
};
const NOGIL: Measured = Measured {
    demo: "nogil",
    rows: &[
        "                                time   ratio  n + 1, 200000 times",
        "one after the other ",
        "two threads, one lock ",
        "two machines, a lock each ",
        "two threads, no lock ",
    ],
};
const MEASURED: [Measured; 5] = [GIL_CPU, GIL_IO, CONVOY, RACE, NOGIL];

impl Measured {
    fn prints_its_rows(&self) {
        self.is_in(&printed(&mut course(&["demo", self.demo, "--plain"])));
    }

    /// Checks that its rows are among the lines of `text`, and returns what follows them.
    fn is_in<'a>(&self, text: &'a str) -> &'a str {
        self.rows.iter().fold(text, |text, row| {
            let mut lines = text.split_inclusive('\n');
            let found = lines.find(|line| line.starts_with(row));
            assert!(found.is_some(), "{}: a line that begins with {row:?} in\n{text}", self.demo);
            &text[text.len() - lines.map(str::len).sum::<usize>()..]
        })
    }

    fn draws_who_waits_for_the_lock(&self) {
        let drawn = printed(&mut course(&["demo", self.demo]));
        assert!(drawn.contains("L waits for a lock"), "{drawn}");
        assert!(drawn.contains(" wants lock 0\n"), "{drawn}");
    }
}

impl Program {
    fn text(&self) -> String {
        self.lines.iter().map(|line| format!("{line}\n")).collect()
    }

    fn prints_its_own_lines(&self) {
        assert_eq!(printed(&mut course(&["demo", self.demo, "--plain", "--manual-clock"])), self.text());
    }

    fn draws_the_same_timeline_twice(&self) {
        let run = || printed(&mut course(&["demo", self.demo, "--manual-clock"]));
        let first = run();
        assert!(first.len() > self.text().len(), "a timeline follows the lines:\n{first}");
        assert_eq!(run(), first);
    }
}

#[test]
fn blocking_prints_its_own_lines() {
    BLOCKING.prints_its_own_lines();
}

#[test]
fn async_await_prints_its_own_lines() {
    ASYNC_AWAIT.prints_its_own_lines();
}

#[test]
fn gather_prints_its_own_lines() {
    GATHER.prints_its_own_lines();
}

#[test]
fn create_task_prints_its_own_lines() {
    CREATE_TASK.prints_its_own_lines();
}

#[test]
fn async_for_prints_its_own_lines() {
    ASYNC_FOR.prints_its_own_lines();
}

#[test]
fn async_with_prints_its_own_lines() {
    ASYNC_WITH.prints_its_own_lines();
}

#[test]
fn blocking_draws_the_same_timeline_twice() {
    BLOCKING.draws_the_same_timeline_twice();
}

#[test]
fn async_await_draws_the_same_timeline_twice() {
    ASYNC_AWAIT.draws_the_same_timeline_twice();
}

#[test]
fn gather_draws_the_same_timeline_twice() {
    GATHER.draws_the_same_timeline_twice();
}

#[test]
fn create_task_draws_the_same_timeline_twice() {
    CREATE_TASK.draws_the_same_timeline_twice();
}

#[test]
fn async_for_draws_the_same_timeline_twice() {
    ASYNC_FOR.draws_the_same_timeline_twice();
}

#[test]
fn async_with_draws_the_same_timeline_twice() {
    ASYNC_WITH.draws_the_same_timeline_twice();
}

#[test]
fn transactions_prints_what_became_of_a_hundred_deposits() {
    assert_eq!(printed(&mut course(&["demo", "transactions", "--plain", "--manual-clock"])), TRANSACTIONS);
}

#[test]
fn gil_cpu_prints_its_rows() {
    GIL_CPU.prints_its_rows();
}

#[test]
fn gil_io_prints_its_rows() {
    GIL_IO.prints_its_rows();
}

#[test]
fn convoy_prints_its_rows() {
    CONVOY.prints_its_rows();
}

#[test]
fn race_prints_its_rows() {
    RACE.prints_its_rows();
}

#[test]
fn nogil_prints_its_rows() {
    NOGIL.prints_its_rows();
}

#[test]
fn gil_cpu_draws_who_waits_for_the_lock() {
    GIL_CPU.draws_who_waits_for_the_lock();
}

#[test]
fn gil_io_draws_who_waits_for_the_lock() {
    GIL_IO.draws_who_waits_for_the_lock();
}

#[test]
fn nogil_draws_who_waits_for_the_lock() {
    NOGIL.draws_who_waits_for_the_lock();
}

#[test]
fn what_computes_takes_real_time_and_says_so_to_whoever_asks_for_another() {
    for Measured { demo, .. } in [GIL_CPU, GIL_IO, CONVOY, NOGIL] {
        let asked = course(&["demo", demo, "--plain", "--manual-clock"]).output().expect("it starts");
        assert!(asked.status.success(), "{}", stderr(&asked));
        assert!(stderr(&asked).contains("--manual-clock moves no thread"), "{}", stderr(&asked));
    }
}

#[test]
fn without_a_name_all_run_in_order_under_a_heading_each() {
    let all = printed(&mut course(&["demo", "--manual-clock", "--color", "never"]));
    let headings: Vec<&str> = all.lines().filter(|line| line.starts_with("== ")).collect();
    let names = ALL.iter().map(|program| program.demo).chain(["transactions"]);
    let names = names.chain(MEASURED.iter().map(|measured| measured.demo));
    assert_eq!(headings, names.map(|name| format!("== {name}")).collect::<Vec<_>>());
}

#[test]
fn without_a_name_plain_prints_the_lines_of_all_and_no_heading() {
    let expected: String = ALL.iter().map(Program::text).collect::<String>() + TRANSACTIONS;
    let all = printed(&mut course(&["demo", "--plain", "--manual-clock"]));
    let measured = all.strip_prefix(&expected).unwrap_or_else(|| panic!("not as expected:\n{all}"));
    assert!(!measured.contains("== "), "{measured}");
    MEASURED.iter().fold(measured, |text, measured| measured.is_in(text));
}

#[test]
fn colours_appear_only_when_asked_for() {
    let run = |when| printed(&mut course(&["demo", "gather", "--manual-clock", "--color", when]));
    assert!(!run("never").contains('\x1b'));
    assert!(!run("auto").contains('\x1b'), "a pipe is no terminal");
    assert!(run("always").contains('\x1b'));
}

#[test]
fn files_are_written_into_the_folder_the_learner_is_in() {
    let scratch = Scratch::new("files");
    let mut command = course(&["demo", "gather", "--manual-clock"]);
    command.args(["--svg", "run.svg", "--json", "run.json", "--chrome", "chrome.json"]);
    printed(command.current_dir(scratch.path()));
    let start_of =
        |file: &str| std::fs::read_to_string(scratch.path().join(file)).expect("the demo wrote it");
    assert!(start_of("run.svg").trim_start().starts_with("<svg") || start_of("run.svg").starts_with("<?xml"));
    assert!(start_of("run.json").starts_with(['{', '[']));
    assert!(start_of("chrome.json").starts_with(['{', '[']));
}
