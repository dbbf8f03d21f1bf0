//! What CPython prints for `programs/NAME.py`, our runtimes print for `programs/NAME.rs`, program by program, line by line;
//! where they differ by design, both outputs stand here, with the reason.
//!
//! Both sides run on a manual clock. Without python3, or before 3.11, the Python side is skipped, and the test says so.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;
use std::{fs, panic, process, thread};

#[path = "../programs/awaiting.rs"]
mod awaiting;
#[path = "../programs/cancelling.rs"]
mod cancelling;
#[path = "../programs/contexts.rs"]
mod contexts;
#[path = "../programs/coroutine.rs"]
mod coroutine;
#[path = "../programs/deposits.rs"]
mod deposits;
#[path = "../programs/gathering.rs"]
mod gathering;
#[path = "../programs/generating.rs"]
mod generating;
#[path = "../programs/groups.rs"]
mod groups;
#[path = "../programs/iterating.rs"]
mod iterating;
#[path = "../programs/limits.rs"]
mod limits;
#[path = "../programs/locking.rs"]
mod locking;
#[path = "../programs/meeting.rs"]
mod meeting;
#[path = "../programs/queueing.rs"]
mod queueing;
#[path = "../programs/running.rs"]
mod running;
#[path = "../programs/shielding.rs"]
mod shielding;
#[path = "../programs/sleeping.rs"]
mod sleeping;
#[path = "../programs/sockets.rs"]
mod sockets;
#[path = "../programs/stacks.rs"]
mod stacks;
#[path = "../programs/threads.rs"]
mod threads;
#[path = "../programs/turns.rs"]
mod turns;
#[path = "../programs/waiting.rs"]
mod waiting;
#[path = "../programs/waking.rs"]
mod waking;

/// A Rust program: its file, its name, and how to run it.
type Program = (&'static str, &'static str, fn());

/// Lists programs by file: `fn` has loops of its own, or none; `async` is run on one.
macro_rules! programs {
    ($($file:ident { $($kind:tt $name:ident)* })*) => {
        &[$($((stringify!($file), stringify!($name), || programs!(@run $kind $file::$name)),)*)*]
    };
    (@run fn $program:path) => { $program() };
    (@run async $program:path) => { compared::run($program()) };
}

const PROGRAMS: &[Program] = programs! {
    coroutine {
        async calling_it_runs_nothing
        fn driven_by_hand
        fn driven_after_its_end
        fn closed_while_it_waits
        fn closed_before_its_start
        fn never_awaited
    }
    awaiting {
        async awaiting_a_coroutine_is_a_call
        async only_a_suspension_lets_others_run
        async awaiting_what_is_done
        async two_coroutines_in_a_row
    }
    waking {
        async before_anyone_waits
        async often
        async after_its_end
    }
    sleeping {
        async in_the_order_of_deadlines
        async zero_is_one_turn
        async cancelled_it_never_fires
        async after_a_busy_spell
        async a_thousand_cancelled
    }
    limits {
        async cancelled_inside_timed_out_outside
        async in_time
        async nested_the_inner_first
        async nested_the_outer_first
        async both_due_in_one_turn
        async rescheduled
        async a_deadline_that_has_passed
    }
    turns {
        async scheduled_not_started
        async first_in_first_out
        async round_robin
        async added_during_a_turn
        async a_failing_task_is_alone
        async a_busy_queue_starves_no_timer
        async ready_again_behind_others
    }
    gathering {
        async in_the_order_of_the_arguments
        async of_nothing
        async fails_fast
        async every_outcome
        async cancelled_with_its_children
        async scheduled_at_the_call
    }
    cancelling {
        async before_the_first_step
        async delivered_at_the_await
        async too_late
        async of_oneself
        async a_clean_up_that_waits
        async refused
        async a_waiter_and_what_it_waits_for
    }
    shielding {
        async the_work_survives
        async nobody_is_cancelled
        async from_a_time_limit
    }
    waiting {
        async the_first
        async the_first_error
        async all_of_them
        async a_time_limit_cancels_nothing
        async as_they_come
        async an_error_comes_at_its_turn
    }
    running {
        fn a_value_or_an_error
        fn what_is_left_is_cancelled
        fn their_clean_ups_are_awaited
        fn no_loop_in_a_loop
        fn woken_from_a_thread
    }
    threads {
        async the_loop_lives_meanwhile
        async blocking_in_a_task
        async its_value_or_its_error
        async cancelled_while_it_runs
    }
    sockets {
        async clients_overlap
        async the_end_of_a_connection
        async reading_while_others_run
        async a_file_is_read_by_a_thread
    }
    iterating {
        async one_item_after_the_other
        async others_run_while_it_waits
        async others_do_not_run_if_it_is_ready
        async a_thousand_ready_items
        async left_early
        async an_error_ends_it
        async each_loop_begins_anew
        async a_loop_in_a_loop
    }
    generating {
        async to_its_end
        async break_is_not_close
        async closed
        async closed_twice
        async runs_only_when_asked
        fn left_when_main_ends
        async still_cleaning_up_as_main_ends
        async plain_clean_up_after_break
    }
    queueing {
        async back_pressure
        async getters_in_order
        async a_cancelled_getter_loses_no_item
        async a_cancelled_putter_puts_nothing
    }
    contexts {
        async last_in_first_out
        async an_error_leaves_through_the_exit
        async suppressed
        async replaced
        async a_failed_enter
        async left_by_return
        async left_by_break
        async cancelled_in_the_body
        async the_canceller_and_the_exit
    }
    stacks {
        async last_in_first_out
        async suppressed
        async a_failed_enter
        async kept_for_later
    }
    locking {
        async first_in_first_out
        async no_barging
        async a_cancelled_waiter_is_skipped
        async woken_then_cancelled
        async not_re_entrant
        async so_many_at_once
        async an_event_wakes_all
        async set_and_cleared_at_once
    }
    meeting {
        async all_go_on_together
        async in_the_order_in_which_they_came
        async again_and_again
    }
    groups {
        async waits_for_all
        async the_first_error_cancels
        async two_fail_in_one_turn
        async an_error_of_the_body
        async a_cancelled_child
        async after_the_end
        async tasks_that_start_tasks
        async cancelled_from_outside
    }
    deposits {
        async without_a_lock
        async with_a_lock
        async without_an_await_in_between
    }
};

/// A program whose outputs differ by design.
struct Difference {
    /// `file::program`.
    program: &'static str,
    python: &'static [&'static str],
    rust: &'static [&'static str],
    /// Why: for whoever reads this list.
    because: &'static str,
}

const DIFFERENCES: &[Difference] = &[
    Difference {
        program: "coroutine::closed_before_its_start",
        python: &["closed"],
        rust: &["clean-up", "closed"],
        because: "Python's `finally` is reached by running; what a Rust future was given, it owns from the call on, and \
                  drops.",
    },
    Difference {
        program: "coroutine::never_awaited",
        python: &["RuntimeWarning: coroutine 'work' was never awaited", "nothing has run"],
        rust: &["nothing has run"],
        because: "Python warns when it runs, Rust when it compiles: `Future` is `#[must_use]`.",
    },
    Difference {
        program: "cancelling::refused",
        python: &["no, thank you", "done"],
        rust: &["cancelled"],
        because: "Python's cancellation is an exception, which can be caught; Rust's drops the future, which cannot object. \
                  Step 6's `CancelToken` can be refused.",
    },
    Difference {
        program: "cancelling::a_waiter_and_what_it_waits_for",
        python: &["over"],
        rust: &["work is done", "over"],
        because: "Python's await passes the cancellation on to the task that is awaited; a dropped handle detaches it.",
    },
    Difference {
        program: "iterating::a_thousand_ready_items",
        python: &["no other task has run"],
        rust: &["another task has run meanwhile"],
        because: "Each item costs a unit of the task's budget, and when that is used up the others have a turn; asyncio has \
                  no budget.",
    },
    Difference {
        program: "generating::still_cleaning_up_as_main_ends",
        python: &["a", "cleaning up", "main ends"],
        rust: &["a", "cleaning up", "main ends", "cleaned up"],
        because: "asyncio leaves the clean-up to a task, which it cancels with all others; our loop finishes clean-ups before \
                  it ends.",
    },
    Difference {
        program: "generating::plain_clean_up_after_break",
        python: &["1", "after the loop", "clean-up", "later"],
        rust: &["1", "clean-up", "after the loop", "later"],
        because: "`break` drops a Rust generator, and its destructors run at once; only what has to wait is left to the loop.",
    },
    Difference {
        program: "contexts::the_canceller_and_the_exit",
        python: &["enter hall", "leave hall: cancelled", "the canceller goes on", "over"],
        rust: &["enter hall", "the canceller goes on", "leave hall: cancelled", "over"],
        because: "Python's task ends after its exits; a dropped future is gone at once, and leaves its exits to the loop. What \
                  is entered around it does wait (`cancelled_in_the_body`).",
    },
    Difference {
        program: "groups::two_fail_in_one_turn",
        python: &["first, second"],
        rust: &["first"],
        because: "asyncio hears of a failure in the next turn, and the second task runs before that; our group aborts it at \
                  once.",
    },
];

/// What one side tells of a program.
#[derive(Clone, Debug, PartialEq)]
struct Told {
    clause: String,
    lines: Vec<String>,
}

/// By `file::program`.
type Outputs = BTreeMap<String, Told>;

#[test]
fn the_programs_print_what_python_prints() {
    let Some(python) = in_python() else { return };
    let complaints = compare(&python, &in_rust(), DIFFERENCES);
    assert!(complaints.is_empty(), "\n\n{}\n", complaints.join("\n\n"));
}

/// So that half of what is said of the differences is checked without Python, too.
#[test]
fn where_they_differ_rust_prints_what_is_written_down() {
    let rust = in_rust();
    for Difference { program, python, rust: expected, .. } in DIFFERENCES {
        assert_ne!(python, expected, "{program}: this is no difference");
        assert_eq!(rust[*program].lines, *expected, "{program}");
    }
}

#[test]
fn every_program_in_the_folder_is_run() {
    let files = |ending: &str| -> BTreeSet<String> {
        let files =
            fs::read_dir(folder()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        files.filter_map(|name| Some(name.strip_suffix(ending)?.to_owned())).collect()
    };
    let run: BTreeSet<String> = PROGRAMS.iter().map(|(file, ..)| (*file).to_owned()).collect();
    assert_eq!(files(".py"), run, "left: the Python files");
    assert_eq!(files(".rs"), run, "left: the Rust files");
}

mod the_comparison_sees {
    use super::*;

    const BY_DESIGN: &[Difference] =
        &[Difference { program: "f::p", python: &["a", "b"], rust: &["b", "a"], because: "of the test" }];

    fn told(lines: &[&str]) -> Outputs {
        let lines = lines.iter().map(|&line| line.to_owned()).collect();
        BTreeMap::from([("f::p".to_owned(), Told { clause: "It holds.".to_owned(), lines })])
    }

    #[track_caller]
    fn expect(complaints: &[String], parts: &[&str]) {
        let as_expected = complaints.len() == parts.len()
            && complaints.iter().zip(parts).all(|(complaint, part)| complaint.contains(part));
        assert!(as_expected, "expected {parts:?}, but found {complaints:?}");
    }

    #[test]
    fn equal_lines_and_a_difference_by_design() {
        expect(&compare(&told(&["a"]), &told(&["a"]), &[]), &[]);
        expect(&compare(&told(&["a", "b"]), &told(&["b", "a"]), BY_DESIGN), &[]);
    }

    #[test]
    fn another_order_and_a_missing_line() {
        expect(&compare(&told(&["a", "b"]), &told(&["b", "a"]), &[]), &["f::p: Python prints"]);
        expect(&compare(&told(&["a", "b"]), &told(&["a"]), &[]), &["f::p: Python prints"]);
    }

    #[test]
    fn a_difference_that_is_another_one_or_none_any_more() {
        expect(&compare(&told(&["a", "b"]), &told(&["b"]), BY_DESIGN), &["Rust prints"]);
        expect(&compare(&told(&["a", "b"]), &told(&["a", "b"]), BY_DESIGN), &["Rust prints"]);
        expect(&compare(&told(&["b", "a"]), &told(&["b", "a"]), BY_DESIGN), &["Python prints"]);
    }

    #[test]
    fn another_clause_and_a_program_of_one_side() {
        let mut python = told(&["a"]);
        python.get_mut("f::p").unwrap().clause = "It does not hold.".to_owned();
        expect(&compare(&python, &told(&["a"]), &[]), &["the docstring says"]);
        expect(&compare(&python, &Outputs::new(), &[]), &["f::p: has no counterpart in Rust"]);
        expect(&compare(&Outputs::new(), &python, &[]), &["f::p: has no counterpart in Python"]);
    }
}

/// Says where the two sides are not as they should be.
fn compare(python: &Outputs, rust: &Outputs, differences: &[Difference]) -> Vec<String> {
    let mut complaints = Vec::new();
    for name in python.keys().chain(rust.keys().filter(|name| !python.contains_key(*name))) {
        let (theirs, ours) = match (python.get(name), rust.get(name)) {
            (Some(theirs), Some(ours)) => (theirs, ours),
            (None, _) => {
                complaints.push(format!("{name}: has no counterpart in Python"));
                continue;
            }
            (_, None) => {
                complaints.push(format!("{name}: has no counterpart in Rust"));
                continue;
            }
        };
        if theirs.clause != ours.clause {
            complaints.push(format!(
                "{name}: the docstring says\n    {}\nand the doc comment\n    {}",
                theirs.clause, ours.clause
            ));
        }
        match differences.iter().find(|difference| difference.program == name) {
            None if theirs.lines == ours.lines => {}
            None => complaints.push(format!(
                "{name}: Python prints\n{}\nbut Rust\n{}",
                listed(&theirs.lines),
                listed(&ours.lines)
            )),
            Some(difference) => {
                for (side, lines, expected) in
                    [("Python", &theirs.lines, difference.python), ("Rust", &ours.lines, difference.rust)]
                {
                    if lines != expected {
                        complaints.push(format!(
                            "{name}: {side} prints\n{}\nbut this was written down:\n{}\nThey were to differ, because: {}",
                            listed(lines),
                            listed(expected),
                            difference.because
                        ));
                    }
                }
            }
        }
    }
    complaints
}

fn listed(lines: &[impl AsRef<str>]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| format!("    {}", line.as_ref())).collect();
    lines.join("\n")
}

/// Runs the Rust programs, one after the other.
fn in_rust() -> Outputs {
    let mut outputs = Outputs::new();
    let watch = watch();
    for (file, name, run) in PROGRAMS {
        watch.send(format!("{file}::{name}")).unwrap();
        if panic::catch_unwind(run).is_err() {
            compared::say!("(it panicked; the message is above)");
        }
        let told = Told { clause: doc_comment(file, name), lines: compared::said() };
        outputs.insert(format!("{file}::{name}"), told);
    }
    outputs
}

/// Ends this process if no other program has begun after a minute, since a loop whose tasks all wait sleeps for ever.
fn watch() -> Sender<String> {
    let (sender, begun) = channel();
    thread::spawn(move || {
        let mut last = String::new();
        loop {
            match begun.recv_timeout(Duration::from_secs(60)) {
                Ok(program) => last = program,
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    eprintln!(
                        "{last} hangs in Rust: a minute has passed, and what it waits for has not come"
                    );
                    process::exit(1);
                }
            }
        }
    });
    sender
}

/// Returns what the doc comment of a Rust program says, as one line.
fn doc_comment(file: &str, name: &str) -> String {
    let source = fs::read_to_string(folder().join(format!("{file}.rs"))).unwrap();
    let head = ["async fn", "fn"].map(|kind| format!("pub(crate) {kind} {name}("));
    let lines: Vec<&str> = source.lines().collect();
    let at = lines.iter().position(|line| head.iter().any(|head| line.starts_with(head)));
    let at = at.unwrap_or_else(|| panic!("{file}.rs has no function {name}"));
    let comment = lines[..at].iter().rev().map_while(|line| line.strip_prefix("/// "));
    let mut comment: Vec<&str> = comment.collect();
    comment.reverse();
    comment.join(" ")
}

/// Runs the Python programs; says so and returns `None` if there is no python3 that can.
fn in_python() -> Option<Outputs> {
    let can =
        Command::new("python3").args(["-c", "import sys; sys.exit(sys.version_info < (3, 11))"]).status();
    if !can.is_ok_and(|status| status.success()) {
        eprintln!("skipped: this needs python3, 3.11 or later");
        return None;
    }
    let run = folder().with_file_name("run.py");
    let output = Command::new("python3").args(["-I", "-X", "utf8"]).arg(run).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.is_empty(), "it fails under python3: {stderr}");
    let stdout = String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n");
    let programs = stdout.split("## ").filter(|program| !program.is_empty());
    let told = programs.map(|program| {
        let mut lines = program.lines();
        let (name, clause) = lines.next().unwrap().split_once(": ").unwrap();
        (name.to_owned(), Told { clause: clause.to_owned(), lines: lines.map(str::to_owned).collect() })
    });
    Some(told.collect())
}

/// Where the programs are.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("programs")
}
