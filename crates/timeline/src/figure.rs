//! Figures: one timeline or several below each other, for a page that explains something with them.
//!
//! ```text
//!  Figure "title"           Panel "what this one shows"    lanes to show, and what to call them
//!    ├─ Panel ──────────▶     '        '        '          all panels have one scale: the longest one's
//!    └─ Panel                 a lane ___█_______█ ✓
//! ```
//!
//! What is drawn is always the whole of a recording. A figure chooses lanes and names, and changes nothing of what happened.

use std::time::Duration;

use crate::{
    Timeline,
    lanes::{Lane, Who, lanes, timers},
};

/// Draws timelines as one SVG file. `svg` is in its own module.
///
/// ```
/// use timeline::{Figure, Panel, probe};
///
/// let ((), timeline) = timeline::record(|| probe::note(|| "hello".to_string()));
/// let panel = Panel::new("One thread", timeline).with_notes();
/// let svg = Figure::new("A greeting", "A thread says hello.").panel(panel).svg();
/// assert!(svg.contains("<title>A greeting</title>") && svg.contains(">hello</text>"));
/// ```
#[derive(Clone, Debug)]
pub struct Figure {
    pub(crate) title: String,
    pub(crate) says: String,
    /// How wide it is in pixels; without it, as wide as the names of its lanes make it.
    pub(crate) width: Option<usize>,
    pub(crate) panels: Vec<Panel>,
}

/// How wide a figure is, in pixels: what a column of text has room for.
const WIDTH: usize = 760;

impl Figure {
    /// Begins a figure. `says` is what it shows, in words, for whoever does not see it; what the lanes do is added to that.
    pub fn new(title: &str, says: &str) -> Figure {
        Figure { title: title.to_string(), says: says.to_string(), width: Some(WIDTH), panels: Vec::new() }
    }

    /// Adds a panel below the others.
    #[must_use]
    pub fn panel(mut self, panel: Panel) -> Figure {
        self.panels.push(panel);
        self
    }

    /// The end of the scale, which all panels share.
    pub(crate) fn end(&self) -> Duration {
        self.panels.iter().map(|panel| panel.timeline.end).max().unwrap_or_default()
    }
}

/// Shows one timeline inside a [`Figure`].
///
/// ```
/// use timeline::{Figure, Panel};
///
/// let ((), timeline) = timeline::record(|| ());
/// let panel = Panel::new("", timeline).named(|lane| lane.strip_prefix("thread ").map(str::to_string));
/// assert!(Figure::new("", "").panel(panel).svg().contains(">main</text>"));
/// ```
#[derive(Clone, Debug)]
pub struct Panel {
    pub(crate) title: String,
    pub(crate) timeline: Timeline,
    pub(crate) lanes: Vec<(Who, Lane)>,
    pub(crate) has_notes: bool,
    pub(crate) has_axis: bool,
}

impl Panel {
    /// Shows all threads and tasks.
    pub fn new(title: &str, timeline: Timeline) -> Panel {
        let threads = (0..).map(crate::ThreadId).map(Who::Thread).take(timeline.threads.len());
        let tasks = (0..).map(crate::TaskId).map(Who::Task).take(timeline.tasks.len());
        let lanes = threads.chain(tasks).zip(lanes(&timeline)).collect();
        Panel { title: title.to_string(), timeline, lanes, has_notes: false, has_axis: true }
    }

    /// Shows a lane for each timer as well.
    #[must_use]
    pub fn with_timers(mut self) -> Panel {
        self.lanes.extend(timers(&self.timeline).into_iter().map(|(timer, lane)| (Who::Timer(timer), lane)));
        self
    }

    /// Writes notes out, where there would be dots.
    #[must_use]
    pub fn with_notes(mut self) -> Panel {
        self.has_notes = true;
        self
    }

    /// Leaves out the scale: for a clock that only says what came after what.
    #[must_use]
    pub fn without_axis(mut self) -> Panel {
        self.has_axis = false;
        self
    }

    /// Gives each lane the name that `name` makes of its label, such as `task 1 fetch`, and leaves out those of which it makes none.
    #[must_use]
    pub fn named(mut self, name: impl Fn(&str) -> Option<String>) -> Panel {
        self.lanes.retain_mut(|(_, lane)| match name(&lane.label) {
            Some(label) => {
                lane.label = label;
                true
            }
            None => false,
        });
        self
    }
}
