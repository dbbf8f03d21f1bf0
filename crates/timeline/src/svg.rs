//! The chart as an SVG file: the same lanes, with an arrow from whoever wakes a task to that task.
//!
//! ```text
//!  thread main  █----------------█-----------------█       █ runs            ===  ready (outline)
//!                                |        arrows:         ---  parked        [ ]  wants a lock (dashed outline)
//!  task 0       █________________v________________ ✓      ___  waits         ✓ ✗  done, cancelled
//! ```
//!
//! It stands on its own: no scripts, no fonts to fetch, no ids that could clash on a page with several. Shapes tell the
//! states apart, colours only help; both suit a light page and a dark one. `<title>` and `<desc>` say in words what the
//! picture shows, and each shape has a `<title>` that browsers show as a tip.

use std::{cmp::Ordering, time::Duration};

use crate::{
    Event, Kind, TaskId, Timeline,
    columns::{cut, printable, width},
    lanes::{Ending, Lane, Span, State, lanes},
    log, units,
};

/// In pixels: the chart's width, a row's height, the room above the rows and the margin.
const CHART: u128 = 720;
const ROW: usize = 28;
const TOP: usize = 40;
const MARGIN: usize = 12;
/// The columns that a lane's name may take, and what one is in pixels.
const LABEL: usize = 32;
const COLUMN: usize = 8;
/// The rows shown, as in the text.
const MOST_LANES: usize = 60;

/// Plain rules, each colour written out: many viewers know no CSS variables, and some no media queries.
const STYLE: &str = "\
.timeline .page{fill:#ffffff}
.timeline text{fill:#1f2328;font:13px ui-monospace,Menlo,Consolas,monospace}
.timeline path{fill:none;stroke-width:2}
.timeline .tick{stroke:#d0d7de;stroke-width:1}
.timeline .running{fill:#1a7f37}
.timeline .ready{fill:none;stroke:#1a7f37}
.timeline .waiting{stroke:#57606a}
.timeline .parked{stroke:#57606a;stroke-dasharray:2 5}
.timeline .locked{fill:none;stroke:#cf222e;stroke-dasharray:4 3}
.timeline .done{stroke:#1a7f37;stroke-width:3}
.timeline .cancelled{stroke:#cf222e;stroke-width:3}
.timeline .wake{stroke:#8250df;stroke-width:1.5}
.timeline .note{fill:#1f2328}
@media (prefers-color-scheme:dark){
.timeline .page{fill:#0d1117}
.timeline text,.timeline .note{fill:#e6edf3}
.timeline .tick{stroke:#30363d}
.timeline .running{fill:#3fb950}
.timeline .ready,.timeline .done{stroke:#3fb950}
.timeline .waiting,.timeline .parked{stroke:#9ea7b3}
.timeline .locked,.timeline .cancelled{stroke:#ff7b72}
.timeline .wake{stroke:#bc8cff}
}";

impl Timeline {
    /// Draws the chart as an SVG file, for light and dark pages. Its size grows with the number of events.
    pub fn svg(&self) -> String {
        let lanes = lanes(self);
        let shown = &lanes[..lanes.len().min(MOST_LANES)];
        let columns = shown.iter().map(|lane| width(&cut(&lane.label, LABEL))).max().unwrap_or(0);
        let sheet = Sheet { timeline: self, left: MARGIN * 2 + columns * COLUMN, rows: shown.len() };
        let mut parts = sheet.head(shown);
        parts.extend(sheet.axis());
        for (row, lane) in shown.iter().enumerate() {
            parts.extend(sheet.lane(row, lane));
        }
        parts.extend(sheet.marks());
        if lanes.len() > shown.len() {
            let more = format!("... and {} more", lanes.len() - shown.len());
            parts.push(text(MARGIN, sheet.middle(shown.len()), &more));
        }
        parts.extend(sheet.legend());
        parts.push("</svg>\n".to_string());
        parts.join("\n")
    }
}

/// Where things lie.
struct Sheet<'a> {
    timeline: &'a Timeline,
    left: usize,
    rows: usize,
}

impl Sheet<'_> {
    fn x(&self, at: Duration) -> usize {
        let end = self.timeline.end.as_nanos();
        let x = (at.as_nanos().min(end) * CHART).checked_div(end).unwrap_or(0);
        self.left + usize::try_from(x).unwrap_or(0)
    }

    /// The middle of a row; the rows after the last are for what is left out, and the legend.
    fn middle(&self, row: usize) -> usize {
        TOP + row * ROW + ROW / 2
    }

    fn head(&self, shown: &[Lane]) -> Vec<String> {
        let (wide, high) = (self.left + CHART as usize + MARGIN * 3, self.middle(self.rows + 2));
        let said: Vec<String> = shown.iter().map(|lane| escape(&describe(lane))).collect();
        vec![
            format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"timeline\" role=\"img\" viewBox=\"0 0 {wide} {high}\" width=\"{wide}\" height=\"{high}\">"
            ),
            format!("<title>Timeline of {}</title>", units::short(self.timeline.end)),
            format!("<desc>{}</desc>", said.join("\n")),
            format!("<style>{STYLE}</style>"),
            format!("<rect class=\"page\" width=\"{wide}\" height=\"{high}\"/>"),
        ]
    }

    fn axis(&self) -> Vec<String> {
        let unit = units::Unit::of(self.timeline.end);
        let bottom = TOP + self.rows * ROW;
        let mark = |tick: Duration| {
            let (x, number) = (self.x(tick), unit.short(tick));
            format!(
                "<path class=\"tick\" d=\"M{x} {TOP}V{bottom}\"/><text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{number}</text>",
                TOP - 10
            )
        };
        units::ticks(self.timeline.end, |step| self.x(step) - self.left >= 90).into_iter().map(mark).collect()
    }

    fn lane(&self, row: usize, lane: &Lane) -> Vec<String> {
        let y = self.middle(row);
        let mut parts = vec![text(MARGIN, y, &cut(&lane.label, LABEL))];
        parts.extend(lane.spans.iter().map(|span| {
            let tip = format!("{} {}", lane.label, says(span));
            shape(span.state, self.x(span.from), self.x(span.to), y, &tip)
        }));
        parts.extend(lane.ending.map(|(at, ending)| end(ending, self.x(at), y)));
        parts
    }

    /// The wakes and notes. Wakes at one place stand side by side, a few of them, in order.
    fn marks(&self) -> Vec<String> {
        let mut place = (0, 0);
        let mark = |event: &Event| {
            let mut x = self.x(event.at);
            if matches!(event.kind, Kind::Woken { .. }) {
                place = if place.0 == x { (x, (place.1 + 1) % 4) } else { (x, 0) };
                x += place.1 * 9;
            }
            self.mark(event, x)
        };
        self.timeline.events.iter().filter_map(mark).collect()
    }

    /// An arrow for a wake, a dot for a note.
    fn mark(&self, event: &Event, x: usize) -> Option<String> {
        let from = self.row_of(event)?;
        let tip = escape(&log::what(self.timeline, &event.kind));
        match event.kind {
            Kind::Woken { task } => {
                let (from, to) = (self.middle(from), self.middle(self.task_row(task)?));
                // The arrow stops short of the middle of its lane, coming from above, from below or from itself.
                let (tail, head, barb) = match to.cmp(&from) {
                    Ordering::Greater => (from, to - 8, -5),
                    Ordering::Less => (from, to + 8, 5),
                    Ordering::Equal => (from - 14, to - 8, -4),
                };
                let path = format!("M{x} {tail}V{head}m-4 {barb}l4 {}l4 {barb}", -barb);
                Some(format!("<path class=\"wake\" d=\"{path}\"><title>{tip}</title></path>"))
            }
            Kind::Note { .. } => {
                let y = self.middle(from) - 11;
                Some(format!(
                    "<circle class=\"note\" cx=\"{x}\" cy=\"{y}\" r=\"3\"><title>{tip}</title></circle>"
                ))
            }
            _ => None,
        }
    }

    /// The row of whoever did it: the task that was being polled, or else the thread.
    fn row_of(&self, event: &Event) -> Option<usize> {
        let thread = Some(event.thread.0 as usize).filter(|row| *row < self.rows);
        event.task.map_or(thread, |task| self.task_row(task))
    }

    fn task_row(&self, task: TaskId) -> Option<usize> {
        Some(self.timeline.threads.len() + task.0 as usize).filter(|row| *row < self.rows)
    }

    fn legend(&self) -> Vec<String> {
        let y = self.middle(self.rows + 1);
        let states = [State::Running, State::Ready, State::Waiting, State::Parked, State::Locked];
        let mut parts = Vec::new();
        let mut x = MARGIN;
        for state in states {
            parts.push(shape(state, x, x + 24, y, ""));
            parts.push(text(x + 32, y, state.name()));
            x += 32 + (state.name().len() + 3) * COLUMN;
        }
        parts.push(format!("<path class=\"wake\" d=\"M{} {}V{}m-4 -5l4 5l4 -5\"/>", x + 8, y - 8, y + 8));
        parts.push(text(x + 20, y, "wakes"));
        parts.push(format!("<circle class=\"note\" cx=\"{}\" cy=\"{y}\" r=\"3\"/>", x + 88));
        parts.push(text(x + 100, y, "says"));
        parts
    }
}

fn says(span: &Span) -> String {
    let (from, to) = (units::short(span.from), units::short(span.to));
    if from == to {
        format!("{} at {from}", span.state.name())
    } else {
        format!("{} from {from} to {to}", span.state.name())
    }
}

/// One lane in words. Many spans are summed up, for whoever listens to them one by one.
fn describe(lane: &Lane) -> String {
    let runs = lane.spans.iter().filter(|span| span.state == State::Running).count();
    let mut said: Vec<String> = match lane.spans.len() {
        0..=8 => lane.spans.iter().map(says).collect(),
        many => vec![format!("runs {runs} times in {many} stretches")],
    };
    said.extend(lane.ending.map(|(at, ending)| match ending {
        Ending::Done => format!("done at {}", units::short(at)),
        Ending::Cancelled => format!("cancelled at {}", units::short(at)),
    }));
    format!("{}: {}.", lane.label, said.join(", "))
}

fn shape(state: State, from: usize, to: usize, y: usize, tip: &str) -> String {
    let (wide, tip) = ((to - from).max(3), escape(tip));
    let bar = |class: &str, high: usize| {
        let y = y - high / 2;
        format!(
            "<rect class=\"{class}\" x=\"{from}\" y=\"{y}\" width=\"{wide}\" height=\"{high}\"><title>{tip}</title></rect>"
        )
    };
    let line =
        |class: &str| format!("<path class=\"{class}\" d=\"M{from} {y}H{to}\"><title>{tip}</title></path>");
    match state {
        State::Running => bar("running", 16),
        State::Ready => bar("ready", 10),
        State::Locked => bar("locked", 10),
        State::Waiting => line("waiting"),
        State::Parked => line("parked"),
    }
}

fn end(ending: Ending, x: usize, y: usize) -> String {
    match ending {
        Ending::Done => {
            format!("<path class=\"done\" d=\"M{} {y}l4 5l7 -11\"><title>done</title></path>", x + 14)
        }
        Ending::Cancelled => {
            format!(
                "<path class=\"cancelled\" d=\"M{} {}l10 10m0 -10l-10 10\"><title>cancelled</title></path>",
                x + 14,
                y - 5
            )
        }
    }
}

fn text(x: usize, y: usize, text: &str) -> String {
    format!("<text x=\"{x}\" y=\"{}\">{}</text>", y + 4, escape(text))
}

/// Makes any text fit for XML, as content and as an attribute.
fn escape(text: &str) -> String {
    let printable = printable(text);
    let mut escaped = String::with_capacity(printable.len());
    for c in printable.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
