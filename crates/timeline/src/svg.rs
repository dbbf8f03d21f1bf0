//! Charts as an SVG file: the same lanes, with an arrow from whoever wakes a task to that task.
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
    Event, Figure, Kind, Panel, Timeline,
    columns::{cut, printable, width},
    lanes::{Ending, Lane, Span, State, Who},
    log, units,
};

/// In pixels: the width of a chart that is as wide as it needs, a row's height, what a line of notes adds to it, the room for
/// a title and for the scale above the rows, and the margin.
const CHART: usize = 720;
const ROW: usize = 28;
const NOTES: usize = 16;
const TITLE: usize = 28;
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
.timeline .title{font-weight:bold}
.timeline .label{paint-order:stroke;stroke:#ffffff;stroke-width:3px}
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
.timeline .mark{stroke:#1f2328;stroke-width:1}
@media (prefers-color-scheme:dark){
.timeline .page{fill:#0d1117}
.timeline text,.timeline .note{fill:#e6edf3}
.timeline .label{stroke:#0d1117}
.timeline .tick{stroke:#30363d}
.timeline .mark{stroke:#e6edf3}
.timeline .running{fill:#3fb950}
.timeline .ready,.timeline .done{stroke:#3fb950}
.timeline .waiting,.timeline .parked{stroke:#9ea7b3}
.timeline .locked,.timeline .cancelled{stroke:#ff7b72}
.timeline .wake{stroke:#bc8cff}
}";

impl Timeline {
    /// Draws the chart as an SVG file, for light and dark pages. Its size grows with the number of events.
    pub fn svg(&self) -> String {
        let title = format!("Timeline of {}", units::short(self.end));
        Figure { width: None, ..Figure::new(&title, "") }.panel(Panel::new("", self.clone())).svg()
    }
}

impl Figure {
    /// Draws all panels, one below the other, for light and dark pages.
    pub fn svg(&self) -> String {
        let labels = self.panels.iter().flat_map(shown).map(|(_, lane)| &lane.label);
        let columns = labels.map(|label| width(&cut(label, LABEL))).max().unwrap_or(0);
        let left = MARGIN * 2 + columns * COLUMN;
        let wide = self.width.unwrap_or(left + CHART + MARGIN * 3);
        let scale = Scale { left, chart: wide.saturating_sub(left + MARGIN * 3), end: self.end() };
        let mut parts = Vec::new();
        let mut used = Used::default();
        let mut top = 0;
        for panel in &self.panels {
            let sheet = Sheet::new(panel, scale, top);
            top = sheet.bottom;
            used.add(&sheet);
            parts.extend(sheet.draw());
        }
        let (legend, high) = used.legend(top, wide);
        let mut all = self.head(wide, high);
        all.extend(parts.into_iter().chain(legend));
        all.push("</svg>\n".to_string());
        all.join("\n")
    }

    fn head(&self, wide: usize, high: usize) -> Vec<String> {
        let mut said = Vec::from_iter((!self.says.is_empty()).then(|| escape(&self.says)));
        for panel in &self.panels {
            said.extend((!panel.title.is_empty()).then(|| escape(&panel.title)));
            said.extend(shown(panel).iter().map(|(_, lane)| escape(&describe(lane))));
        }
        vec![
            format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"timeline\" role=\"img\" viewBox=\"0 0 {wide} {high}\" width=\"{wide}\" height=\"{high}\">"
            ),
            format!("<title>{}</title>", escape(&self.title)),
            format!("<desc>{}</desc>", said.join("\n")),
            format!("<style>{STYLE}</style>"),
            format!("<rect class=\"page\" width=\"{wide}\" height=\"{high}\"/>"),
        ]
    }
}

fn shown(panel: &Panel) -> &[(Who, Lane)] {
    &panel.lanes[..panel.lanes.len().min(MOST_LANES)]
}

/// Where a moment lies, from left to right.
#[derive(Clone, Copy)]
struct Scale {
    left: usize,
    chart: usize,
    end: Duration,
}

impl Scale {
    fn x(self, at: Duration) -> usize {
        let end = self.end.as_nanos();
        let x = (at.as_nanos().min(end) * self.chart as u128).checked_div(end).unwrap_or(0);
        self.left + usize::try_from(x).unwrap_or(0)
    }

    fn right(self) -> usize {
        self.left + self.chart
    }
}

/// Where the parts of a panel lie.
struct Sheet<'a> {
    panel: &'a Panel,
    scale: Scale,
    top: usize,
    /// Where the first row begins.
    rows_from: usize,
    rows: Vec<Row<'a>>,
    bottom: usize,
}

struct Row<'a> {
    who: Who,
    lane: &'a Lane,
    middle: usize,
    notes: Vec<Label>,
}

/// A note that is written out: above its lane, or below if there is no room left above.
struct Label {
    x: usize,
    text: String,
    is_below: bool,
    /// It ends at `x`, as it would go beyond the chart if it began there.
    is_left: bool,
}

impl<'a> Sheet<'a> {
    fn new(panel: &'a Panel, scale: Scale, top: usize) -> Sheet<'a> {
        let title = if panel.title.is_empty() { 0 } else { TITLE };
        let rows_from = top + title + if panel.has_axis { TOP } else { MARGIN };
        let mut sheet = Sheet { panel, scale, top, rows_from, rows: Vec::new(), bottom: rows_from };
        for (who, lane) in shown(panel) {
            let notes = if panel.has_notes { sheet.labels(*who) } else { Vec::new() };
            let above = if notes.iter().any(|label| !label.is_below) { NOTES } else { 0 };
            let below = if notes.iter().any(|label| label.is_below) { NOTES } else { 0 };
            let middle = sheet.bottom + above + ROW / 2;
            sheet.bottom += above + ROW + below;
            sheet.rows.push(Row { who: *who, lane, middle, notes });
        }
        sheet
    }

    /// Places the notes of a lane. Those of one moment are written in one line.
    fn labels(&self, who: Who) -> Vec<Label> {
        let mut said: Vec<(usize, String)> = Vec::new();
        for event in &self.panel.timeline.events {
            let Kind::Note { text } = &event.kind else { continue };
            if actor(event) != who {
                continue;
            }
            let x = self.scale.x(event.at);
            match said.last_mut() {
                Some((before, all)) if *before == x => *all = format!("{all}, {text}"),
                _ => said.push((x, text.clone())),
            }
        }
        let mut used_to = 0;
        let place = |(x, text): (usize, String)| {
            let wide = (width(&printable(&text)) + 1) * COLUMN;
            let is_left = x + wide > self.scale.right() + MARGIN * 3;
            let from = if is_left { x.saturating_sub(wide) } else { x };
            let is_below = from < used_to;
            if !is_below {
                used_to = from + wide;
            }
            Label { x, text, is_below, is_left }
        };
        said.into_iter().map(place).collect()
    }

    fn draw(&self) -> Vec<String> {
        let mut parts = Vec::new();
        if !self.panel.title.is_empty() {
            parts.push(styled("title", MARGIN, self.top + TITLE - 8, &self.panel.title));
        }
        if self.panel.has_axis {
            parts.extend(self.axis());
        }
        for row in &self.rows {
            parts.extend(self.lane(row));
        }
        parts.extend(self.marks());
        parts.extend(self.rows.iter().flat_map(|row| row.notes.iter().map(|label| label.draw(row.middle))));
        let left_out = self.panel.lanes.len() - self.rows.len();
        if left_out > 0 {
            parts.push(text(MARGIN, self.bottom + ROW / 2, &format!("... and {left_out} more")));
        }
        parts
    }

    fn axis(&self) -> Vec<String> {
        let scale = self.scale;
        let unit = units::Unit::of(scale.end);
        let (top, bottom) = (self.rows_from, self.bottom);
        let mark = |tick: Duration| {
            let (x, number) = (scale.x(tick), unit.short(tick));
            format!(
                "<path class=\"tick\" d=\"M{x} {top}V{bottom}\"/><text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{number}</text>",
                top - 10
            )
        };
        units::ticks(scale.end, |step| scale.x(step) - scale.left >= 90).into_iter().map(mark).collect()
    }

    fn lane(&self, row: &Row<'_>) -> Vec<String> {
        let (lane, y) = (row.lane, row.middle);
        let mut parts = vec![text(MARGIN, y, &cut(&lane.label, LABEL))];
        parts.extend(lane.spans.iter().map(|span| {
            let tip = format!("{} {}", lane.label, says(span));
            shape(span.state, self.scale.x(span.from), self.scale.x(span.to), y, &tip)
        }));
        parts.extend(lane.ending.map(|(at, ending)| end(ending, self.scale.x(at), y)));
        parts.extend(row.notes.iter().map(|label| label.mark(y)));
        parts
    }

    /// The wakes and notes. Wakes at one place stand side by side, a few of them, in order.
    fn marks(&self) -> Vec<String> {
        let mut place = (0, 0);
        let mark = |event: &Event| {
            let mut x = self.scale.x(event.at);
            if matches!(event.kind, Kind::Woken { .. }) {
                place = if place.0 == x { (x, (place.1 + 1) % 4) } else { (x, 0) };
                x += place.1 * 9;
            }
            self.mark(event, x)
        };
        self.panel.timeline.events.iter().filter_map(mark).collect()
    }

    /// An arrow for a wake, a dot for a note.
    fn mark(&self, event: &Event, x: usize) -> Option<String> {
        let from = self.middle_of(actor(event))?;
        let tip = escape(&log::what(&self.panel.timeline, &event.kind));
        match event.kind {
            Kind::Woken { task } => {
                let to = self.middle_of(Who::Task(task))?;
                // The arrow stops short of the middle of its lane, coming from above, from below or from itself.
                let (tail, head, barb) = match to.cmp(&from) {
                    Ordering::Greater => (from, to - 8, -5),
                    Ordering::Less => (from, to + 8, 5),
                    Ordering::Equal => (from - 14, to - 8, -4),
                };
                let path = format!("M{x} {tail}V{head}m-4 {barb}l4 {}l4 {barb}", -barb);
                Some(format!("<path class=\"wake\" d=\"{path}\"><title>{tip}</title></path>"))
            }
            Kind::Note { .. } if self.panel.has_notes => None, // It is written out instead.
            Kind::Note { .. } => {
                let y = from - 11;
                Some(format!(
                    "<circle class=\"note\" cx=\"{x}\" cy=\"{y}\" r=\"3\"><title>{tip}</title></circle>"
                ))
            }
            _ => None,
        }
    }

    fn middle_of(&self, who: Who) -> Option<usize> {
        self.rows.iter().find(|row| row.who == who).map(|row| row.middle)
    }
}

/// Whoever did it: the task that was being polled, or else the thread.
fn actor(event: &Event) -> Who {
    event.task.map_or(Who::Thread(event.thread), Who::Task)
}

impl Label {
    /// Where on its lane it belongs.
    fn mark(&self, middle: usize) -> String {
        let y = if self.is_below { middle + 8 } else { middle - 20 };
        format!("<path class=\"mark\" d=\"M{} {y}v12\"/>", self.x)
    }

    fn draw(&self, middle: usize) -> String {
        let y = if self.is_below { middle + 22 } else { middle - 12 };
        let (x, anchor) = if self.is_left { (self.x - 6, " text-anchor=\"end\"") } else { (self.x + 6, "") };
        format!("<text class=\"label\" x=\"{x}\" y=\"{y}\"{anchor}>{}</text>", escape(&self.text))
    }
}

/// Which signs were used: the legend explains those, and no others.
#[derive(Default)]
struct Used {
    states: Vec<State>,
    endings: Vec<Ending>,
    has_wakes: bool,
    has_notes: bool,
}

impl Used {
    fn add(&mut self, sheet: &Sheet<'_>) {
        for row in &sheet.rows {
            self.states.extend(row.lane.spans.iter().map(|span| span.state));
            self.endings.extend(row.lane.ending.map(|(_, ending)| ending));
        }
        let events = &sheet.panel.timeline.events;
        let drawn = |event: &&Event| sheet.mark(event, 0).is_some();
        self.has_wakes |= events.iter().filter(drawn).any(|event| event.kind.subject().is_some());
        self.has_notes |= events.iter().filter(drawn).any(|event| matches!(event.kind, Kind::Note { .. }));
    }

    /// Draws the legend below `top`, in as many lines as it takes, and returns where it ends.
    fn legend(&self, top: usize, wide: usize) -> (Vec<String>, usize) {
        type Sign = Box<dyn Fn(usize, usize) -> String>;
        let mut entries: Vec<(&str, usize, Sign)> = Vec::new();
        for state in [State::Running, State::Ready, State::Waiting, State::Parked, State::Locked] {
            if self.states.contains(&state) {
                entries.push((state.name(), 24, Box::new(move |x, y| shape(state, x, x + 24, y, ""))));
            }
        }
        for (ending, name) in [(Ending::Done, "done"), (Ending::Cancelled, "cancelled")] {
            if self.endings.contains(&ending) {
                entries.push((name, 16, Box::new(move |x, y| end(ending, x.saturating_sub(11), y))));
            }
        }
        if self.has_wakes {
            let arrow =
                |x, y| format!("<path class=\"wake\" d=\"M{} {}V{}m-4 -5l4 5l4 -5\"/>", x + 8, y - 8, y + 8);
            entries.push(("wakes", 12, Box::new(arrow)));
        }
        if self.has_notes {
            let dot = |x, y| format!("<circle class=\"note\" cx=\"{}\" cy=\"{y}\" r=\"3\"/>", x + 8);
            entries.push(("says", 12, Box::new(dot)));
        }
        let mut parts = Vec::new();
        let (mut x, mut y) = (MARGIN, top + ROW + ROW / 2);
        for (name, sign, draw) in entries {
            let room = sign + 8 + (name.len() + 2) * COLUMN;
            if x > MARGIN && x + room > wide {
                (x, y) = (MARGIN, y + ROW);
            }
            parts.push(draw(x, y));
            parts.push(text(x + sign + 8, y, name));
            x += room;
        }
        (parts, y + ROW)
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

fn styled(class: &str, x: usize, y: usize, text: &str) -> String {
    format!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>", escape(text))
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
