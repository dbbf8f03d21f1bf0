//! The stage on which a demo program plays: its options before, its picture after.

use std::{env, fs, path::Path, time::Duration};

use super::{
    fail,
    options::{Defaults, HELP, Options, Request},
    print,
};
use crate::{TextOptions, Timeline, record_with, units};

/// Plays a demo program as its command line asks.
///
/// ```no_run
/// use timeline::demo::{Stage, say};
///
/// let stage = Stage::from_args();
/// stage.play(|| std::time::Duration::ZERO, || say("hello"));
/// ```
#[derive(Clone, Debug)]
pub struct Stage {
    options: Options,
}

impl Stage {
    /// Reads the process's arguments.
    ///
    /// `--help` prints what there is and ends the process with 0; arguments that make no sense end it with 2.
    pub fn from_args() -> Stage {
        match Options::parse(env::args_os().skip(1), &Defaults::of_process()) {
            Ok(Request::Play(options)) => Stage { options },
            Ok(Request::Help) => {
                print(HELP);
                std::process::exit(0)
            }
            Err(why) => fail(&format!("{why} (--help lists the options)"), 2),
        }
    }

    /// Plays in real time, whatever was asked for: for programs whose threads take the time that they take.
    ///
    /// Says so on standard error to whoever has asked for a manual clock.
    #[must_use]
    pub fn in_real_time(mut self) -> Stage {
        if self.options.manual {
            eprintln!("--manual-clock moves no thread of the system: this takes the time that it takes");
            self.options.manual = false;
        }
        self
    }

    /// Tells whether time is to be moved instead of waited for.
    pub fn is_manual(&self) -> bool {
        self.options.manual
    }

    /// Runs `program` and records it by the clock `now`; then prints its picture and writes the files asked for.
    ///
    /// A file that cannot be written ends the process with 1.
    pub fn play<R>(
        &self,
        now: impl Fn() -> Duration + Send + Sync + 'static,
        program: impl FnOnce() -> R,
    ) -> R {
        let (result, timeline) = record_with(now, program);
        if !self.options.plain {
            print(&self.report(&timeline));
        }
        write(self.options.svg.as_deref(), || timeline.svg());
        write(self.options.json.as_deref(), || timeline.json());
        write(self.options.chrome.as_deref(), || timeline.chrome_json());
        result
    }

    fn report(&self, timeline: &Timeline) -> String {
        let options = TextOptions { width: self.options.width, color: self.options.color };
        let clock = if self.is_manual() { " (manual clock)" } else { "" };
        format!("\n{}\ntotal: {}{clock}\n", timeline.text(&options), units::seconds(timeline.end))
    }
}

fn write(file: Option<&Path>, text: impl FnOnce() -> String) {
    if let Some(file) = file
        && let Err(error) = fs::write(file, text())
    {
        fail(&format!("cannot write {}: {error}", file.display()), 1)
    }
}
