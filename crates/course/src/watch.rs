//! `cargo course watch`: checks an exercise whenever its file is saved, and goes on to the next one.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use clap::Args;
use notify::{Config, Event, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};

use ::course::verdict::Verdict;

use crate::check::{explain, judge_one};
use crate::course::{Course, Refusal};
use crate::say;

/// Editors write a file in several steps: what comes within so long is one save.
const SETTLE: Duration = Duration::from_millis(80);
/// How often files are looked at where the system does not tell.
const POLL: Duration = Duration::from_millis(500);

/// What `watch` takes.
#[derive(Args)]
pub(crate) struct WatchArgs {
    /// The exercise, by its id; the next one if left out
    id: Option<String>,
}

/// Checks now, and after every save, until all exercises are finished.
pub(crate) fn run(course: &mut Course, args: &WatchArgs) -> Result<ExitCode, Refusal> {
    let folder = course.workspace.root.join("exercises");
    let (_watcher, changes) = watch(&folder)?;
    let mut named = args.id.clone();
    loop {
        let exercise = match &named {
            Some(id) => course.one(id)?.clone(),
            None => match course.next()? {
                Some(exercise) => exercise.clone(),
                None => return Ok(say("All exercises are finished.\n")),
            },
        };
        let file = course.workspace.root.join(exercise.file());
        let mut seen = fs::read(&file).ok();
        let verdict = judge_one(course, &exercise)?;
        let text = explain(course, &exercise, &verdict)?;
        if say(&format!("{text}\nWaiting for you to save {}. Ctrl-C ends this.\n\n", exercise.file()))
            != ExitCode::SUCCESS
        {
            return Ok(ExitCode::from(1));
        }
        if matches!(verdict, Verdict::Passed { .. }) && named.take().is_none() {
            continue;
        }
        wait_for_save(&changes, &file, &mut seen)?;
    }
}

/// Returns once `file` has other bytes than those `seen`.
fn wait_for_save(changes: &Receiver<()>, file: &Path, seen: &mut Option<Vec<u8>>) -> Result<(), Refusal> {
    loop {
        let now = fs::read(file).ok();
        if now.is_some() && now != *seen {
            return Ok(());
        }
        changes.recv().map_err(|_| "the file watcher has ended".to_owned())?;
        while changes.recv_timeout(SETTLE).is_ok() {}
    }
}

/// Watches a folder through the system, or else by looking at it now and then.
fn watch(folder: &Path) -> Result<(Box<dyn Watcher>, Receiver<()>), Refusal> {
    let (tell, changes) = channel();
    let polling = tell.clone();
    let by_system = RecommendedWatcher::new(
        move |event: notify::Result<Event>| {
            if event.is_ok() {
                let _nobody_waits = tell.send(());
            }
        },
        Config::default(),
    )
    .and_then(|mut watcher| watcher.watch(folder, RecursiveMode::Recursive).map(|()| watcher));
    match by_system {
        Ok(watcher) => Ok((Box::new(watcher), changes)),
        Err(error) => {
            eprintln!("note: the system does not watch files ({error}); looking twice a second instead");
            Ok((Box::new(by_polling(folder, polling)?), changes))
        }
    }
}

fn by_polling(folder: &Path, tell: Sender<()>) -> Result<PollWatcher, Refusal> {
    let config = Config::default().with_poll_interval(POLL).with_compare_contents(true);
    let told = move |_event: notify::Result<Event>| {
        let _nobody_waits = tell.send(());
    };
    let watcher = PollWatcher::new(told, config)
        .and_then(|mut watcher| watcher.watch(folder, RecursiveMode::Recursive).map(|()| watcher));
    watcher.map_err(|error| Refusal::from(format!("cannot watch {}: {error}", folder.display())))
}
