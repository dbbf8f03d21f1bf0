//! What an answer to `dropped-handle` has to do. What the predictions are held to is what the programs do.

use std::future::pending;

use exercises::{check, misconception, note, notes, run, spawn, yield_now};

use super::{
    ABORTED, DROPPED, FIRST, Fate, LEFT, When, Who, abort_it, drop_the_handle, end_before_it, give_way,
    settle, spawn_and_go_on,
};

/// Tells what has become of the task, from what was noted.
fn fate() -> Fate {
    let noted = |text: &str| notes().iter().any(|note| note == text);
    match (noted("task: turn 1"), noted("task: end")) {
        (false, _) => Fate::NeverRuns,
        (true, false) => Fate::IsStopped,
        (true, true) => Fate::RunsToItsEnd,
    }
}

/// Tells where a note stands among the others.
fn place(text: &str) -> usize {
    notes().iter().position(|note| note == text).unwrap_or_else(|| panic!("nobody has noted `{text}`"))
}

#[test]
fn who_is_first_after_a_spawn() {
    check(|_| {
        assert_eq!(run(spawn_and_go_on()), Some(()));
        let truth = if place("main: goes on") < place("task: turn 1") { Who::Main } else { Who::Task };
        match FIRST {
            Who::Unsaid => panic!("FIRST is still `Unsaid`"),
            Who::Task if truth == Who::Main => {
                misconception("W4-spawn-runs", "`spawn` was to run the task before it returns");
            }
            said => assert_eq!(said, truth, "FIRST"),
        }
    });
}

#[test]
fn what_becomes_of_a_task_whose_handle_is_dropped() {
    check(|_| {
        assert_eq!(run(drop_the_handle()), Some(()));
        match (DROPPED, fate()) {
            (Fate::Unsaid, _) => panic!("DROPPED is still `Unsaid`"),
            (Fate::NeverRuns, Fate::RunsToItsEnd) => {
                misconception("W4-await-starts", "nobody awaits the task, so it was never to run");
            }
            (Fate::IsStopped, Fate::RunsToItsEnd) => {
                misconception("W4-drop-cancels", "the drop of the handle was to stop the task");
            }
            (said, truth) => assert_eq!(said, truth, "DROPPED"),
        }
    });
}

#[test]
fn when_an_aborted_task_is_dropped() {
    check(|_| {
        assert_eq!(run(abort_it()), Some(()));
        let truth = match (fate(), place("task: dropped") < place("main: abort has returned")) {
            (Fate::RunsToItsEnd, _) => When::AtItsEnd,
            (_, true) => When::InAbort,
            (_, false) => When::AtItsTurn,
        };
        match ABORTED {
            When::Unsaid => panic!("ABORTED is still `Unsaid`"),
            When::InAbort if truth == When::AtItsTurn => {
                misconception("W4-abort-at-once", "the future was to be gone when `abort` returns");
            }
            said => assert_eq!(said, truth, "ABORTED"),
        }
    });
}

#[test]
fn what_becomes_of_a_task_that_main_leaves_behind() {
    check(|_| {
        assert_eq!(run(end_before_it()), Some(()));
        match (LEFT, fate()) {
            (Fate::Unsaid, _) => panic!("LEFT is still `Unsaid`"),
            (Fate::RunsToItsEnd, Fate::IsStopped) => {
                misconception("W4-outlives-main", "the task was to run to its end, though `run` was over");
            }
            (said, truth) => assert_eq!(said, truth, "LEFT"),
        }
    });
}

/// Settles three tasks, notes that, and gives those that are left their turns.
async fn settle_three() -> u32 {
    let task = |name: &'static str, turns: u32, output: u32| {
        spawn(name, async move {
            give_way(turns).await;
            note(format!("{name}: end"));
            output
        })
    };
    let wanted = task("wanted", 3, 7);
    let background = task("background", 9, 8);
    let unwanted = spawn("unwanted", async {
        let _says = Says;
        yield_now().await;
        pending().await
    });
    give_way(1).await;
    let output = settle(wanted, background, unwanted).await;
    note("main: settled");
    give_way(10).await;
    output
}

/// Notes its end.
struct Says;

impl Drop for Says {
    fn drop(&mut self) {
        note("unwanted: dropped");
    }
}

#[test]
fn the_output_of_the_wanted_task_is_returned() {
    check(|_| {
        assert_eq!(run(settle_three()), Some(7), "what `wanted` returns");
    });
}

#[test]
fn the_background_task_runs_on() {
    check(|_| {
        assert_eq!(run(settle_three()), Some(7));
        assert!(notes().contains(&"background: end".to_owned()), "`background` was stopped: {:?}", notes());
        assert!(place("main: settled") < place("background: end"), "nobody has to wait for `background`");
    });
}

#[test]
fn the_unwanted_task_is_gone() {
    check(|_| {
        /// The same, with a task that is over before: so there is no turn in which the aborted one could go by itself.
        async fn settle_at_once() {
            let over = || spawn("over", async { 1 });
            let (wanted, background) = (over(), over());
            let unwanted = spawn("unwanted", async {
                let _says = Says;
                pending().await
            });
            give_way(2).await;
            settle(wanted, background, unwanted).await;
            note("main: settled");
            give_way(10).await;
            note("main: end");
        }
        assert_eq!(run(settle_at_once()), Some(()));
        let dropped = place("unwanted: dropped");
        if dropped > place("main: end") {
            misconception("W4-drop-cancels", "the task `unwanted` still waits when the main future ends");
        }
        if dropped > place("main: settled") {
            misconception("W4-abort-at-once", "`settle` has returned, and `unwanted` is not dropped yet");
        }
    });
}
