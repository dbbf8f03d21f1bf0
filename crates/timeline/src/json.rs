//! The timeline's own file format, written one event a line.
//!
//! ```text
//! {"version":1,"end":2000000000,
//! "threads":[{"name":"main"}],
//! "tasks":[{"name":"main"}],
//! "events":[
//! {"at":0,"thread":0,"task":null,"kind":{"is":"thread_started"}},
//! {"at":0,"thread":0,"task":null,"kind":{"is":"spawned","task":0}}
//! ]}
//! ```
//!
//! | field              | is                                                                                     |
//! |--------------------|----------------------------------------------------------------------------------------|
//! | `version`          | 1; a reader refuses every other                                                        |
//! | `end`, `at`        | nanoseconds since the recording began                                                  |
//! | `threads`, `tasks` | tables; everything else names threads and tasks by their index                         |
//! | `thread`           | on which thread it happened                                                            |
//! | `task`             | inside whose poll, or null                                                             |
//! | `kind`             | what: `is` names a variant of [`Kind`](crate::Kind); the rest are that variant's fields |

use std::{error, fmt, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{Event, TaskId, TaskInfo, ThreadInfo, Timeline, event::nanos};

const VERSION: u64 = 1;

/// Says why a text is not a timeline.
///
/// ```
/// let error = timeline::Timeline::from_json(r#"{"version":2}"#).unwrap_err();
/// assert_eq!(error.to_string(), "timeline of version 2, but only version 1 is known");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum LoadError {
    /// It is not JSON, or not of the right shape.
    Shape(serde_json::Error),
    /// It is of a version that this reader does not know.
    Version(u64),
    /// The event with this index, from 0, breaks the rule named.
    Event(usize, &'static str),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Shape(error) => write!(f, "not a timeline: {error}"),
            LoadError::Version(version) => {
                write!(f, "timeline of version {version}, but only version {VERSION} is known")
            }
            LoadError::Event(index, rule) => write!(f, "event {index} {rule}"),
        }
    }
}

impl error::Error for LoadError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        if let LoadError::Shape(error) = self { Some(error) } else { None }
    }
}

/// What every version has.
#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

#[derive(Deserialize)]
struct File {
    #[serde(with = "nanos")]
    end: Duration,
    threads: Vec<ThreadInfo>,
    tasks: Vec<TaskInfo>,
    events: Vec<Event>,
}

impl Timeline {
    /// Writes the timeline in its own format, which [`from_json`](Timeline::from_json) reads.
    pub fn json(&self) -> String {
        let end = nanos::of(self.end);
        let (threads, tasks) = (text(&self.threads), text(&self.tasks));
        let events: Vec<String> = self.events.iter().map(text).collect();
        let events = events.join(",\n");
        format!(
            "{{\"version\":{VERSION},\"end\":{end},\n\"threads\":{threads},\n\"tasks\":{tasks},\n\"events\":[\n{events}\n]}}\n"
        )
    }

    /// Reads what [`json`](Timeline::json) wrote, and checks it.
    ///
    /// ```
    /// use timeline::Timeline;
    ///
    /// let ((), timeline) = timeline::record(|| timeline::probe::note(|| "hello".to_string()));
    /// assert_eq!(Timeline::from_json(&timeline.json()).unwrap(), timeline);
    /// ```
    ///
    /// # Errors
    ///
    /// Returns [`LoadError`] if the text is not a timeline of a known version, or breaks one of its invariants.
    pub fn from_json(text: &str) -> Result<Timeline, LoadError> {
        // The version is looked at first: a later format may well have another shape.
        let Versioned { version } = serde_json::from_str(text).map_err(LoadError::Shape)?;
        if version != VERSION {
            return Err(LoadError::Version(version));
        }
        let File { end, threads, tasks, events } = serde_json::from_str(text).map_err(LoadError::Shape)?;
        let timeline = Timeline { end, threads, tasks, events };
        timeline.check()?;
        Ok(timeline)
    }

    /// Checks the invariants of [`Timeline`].
    fn check(&self) -> Result<(), LoadError> {
        let mut before = Duration::ZERO;
        for (index, event) in self.events.iter().enumerate() {
            let rule = if event.at < before {
                "is earlier than the one before it"
            } else if event.at > self.end {
                "is later than the end"
            } else if event.thread.0 as usize >= self.threads.len() {
                "names a thread that is not in the table"
            } else if event.task.into_iter().chain(event.kind.subject()).any(|task| !self.has(task)) {
                "names a task that is not in the table"
            } else {
                before = event.at;
                continue;
            };
            return Err(LoadError::Event(index, rule));
        }
        Ok(())
    }

    fn has(&self, task: TaskId) -> bool {
        (task.0 as usize) < self.tasks.len()
    }
}

fn text<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("there is nothing in a timeline that JSON cannot hold")
}
