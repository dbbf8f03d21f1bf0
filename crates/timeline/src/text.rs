//! The chart: a row for each thread and task, time from left to right, and under it the events in words.
//!
//! ```text
//!                     0 s          0.5 s           1 s          1.5 s          2 s
//!                     '              '              '             '              '
//! thread main         |_____________________________|____________________________|
//! task 0 main         |·····························|····························✓
//! task 1 io_operation |·····························✓
//! task 2 io_operation |··························································✓
//!
//! | runs for a moment   · waits (pending)   _ parked (asleep)   ✓ done
//! ```
//!
//! A column stands for a stretch of time, in which much can happen. It shows the end of a task before all else; then `█`
//! if something ran for at least half of the stretch; then `|` for a run that shows nowhere else; then what there was of
//! waiting. So no run is invisible, and a thread that is busy now and then does not look busy all the time.
//!
//! Colours say nothing that the characters do not.

use std::time::Duration;

use crate::{
    Timeline,
    columns::{cut, pad, width},
    lanes::{Ending, Lane, Span, State, lanes},
    log, units,
};

/// The rows a chart shows of threads and of tasks together; it says how many it leaves out.
const MOST_LANES: usize = 60;
/// What a chart needs to be of any use, and what no screen exceeds.
const WIDTHS: (usize, usize) = (40, 1000);

/// Says how to draw a chart.
///
/// ```
/// use timeline::TextOptions;
///
/// let ((), timeline) = timeline::record(|| ());
/// let chart = timeline.text(&TextOptions { width: 60, color: false });
/// assert!(chart.lines().all(|line| line.chars().count() <= 60));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextOptions {
    /// How many columns a line may take; less than 40 counts as 40, more than 1000 as 1000.
    pub width: usize,
    /// Whether to use colours, as ANSI escapes.
    pub color: bool,
}

impl Timeline {
    /// Draws a chart for a terminal: a row for each thread and task, then the events in words.
    ///
    /// A long list of events is shortened, as is a great number of rows; the text says so.
    pub fn text(&self, options: &TextOptions) -> String {
        let width = options.width.clamp(WIDTHS.0, WIDTHS.1);
        let mut lines = chart(self, width, options.color);
        lines.push(String::new());
        lines.extend(log::lines(self, width));
        lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
    }
}

fn chart(timeline: &Timeline, columns: usize, color: bool) -> Vec<String> {
    let all = lanes(timeline);
    let shown = &all[..all.len().min(MOST_LANES)];
    let longest = shown.iter().map(|lane| width(&cut(&lane.label, columns))).max().unwrap_or(0);
    let label = longest.min(columns * 3 / 10).max(12);
    let grid = Grid { end: timeline.end.as_nanos(), columns: (columns - label - 1) as u128 };

    let mut lines: Vec<String> = axis(timeline.end, &grid).map(|line| pad("", label + 1) + &line).into();
    let rows: Vec<Vec<Cell>> = shown.iter().map(|lane| row(lane, &grid)).collect();
    for (lane, row) in shown.iter().zip(&rows) {
        lines.push(format!("{} {}", pad(&lane.label, label), paint(row, color)));
    }
    if all.len() > shown.len() {
        lines.push(format!("... and {} more", all.len() - shown.len()));
    }
    lines.push(String::new());
    lines.extend(legend(&rows.concat(), columns, color));
    lines
}

/// Where times lie: the first column is the beginning, the last the end.
struct Grid {
    end: u128,
    columns: u128,
}

impl Grid {
    /// The column nearest to a time.
    fn column(&self, at: Duration) -> usize {
        let nearest = at.as_nanos().min(self.end) * (self.columns - 1) * 2 + self.end;
        usize::try_from(nearest / (self.end * 2).max(1)).unwrap_or(0)
    }

    /// How much of a column's stretch `span` fills, and how much there is to fill, in one unit.
    fn overlap(&self, column: usize, span: &Span) -> (u128, u128) {
        // In this unit a stretch is `2 * end` long, so that its edges are whole numbers. The first and the last column
        // stand for half a stretch each.
        let scale = |at: Duration| at.as_nanos().min(self.end) * 2 * (self.columns - 1);
        let middle = column as u128 * 2 * self.end;
        let left = middle.saturating_sub(self.end);
        let right = (middle + self.end).min(2 * self.end * (self.columns - 1));
        (scale(span.to).min(right).saturating_sub(scale(span.from).max(left)), right - left)
    }
}

/// The numbers of the axis, and its marks.
fn axis(end: Duration, grid: &Grid) -> [String; 2] {
    let unit = units::Unit::of(end);
    let apart = |step: Duration| grid.column(step) > unit.short(end).len().max(unit.short(step).len()) + 4;
    let (mut numbers, mut marks) = (String::new(), String::new());
    for tick in units::ticks(end, apart) {
        let (column, number) = (grid.column(tick), unit.short(tick));
        let middle = column.saturating_sub(number.len() / 2);
        let start = middle.min((grid.columns as usize).saturating_sub(number.len()));
        numbers = pad(&numbers, start) + &number;
        marks = pad(&marks, column) + "'";
    }
    [numbers, marks]
}

/// What a column of a lane shows, the more telling the later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cell {
    Nothing,
    Parked,
    Waiting,
    Ready,
    Locked,
    Moment,
    Running,
    Cancelled,
    Done,
}

/// Every cell with its sign, its colour and its meaning.
const SIGNS: [(Cell, char, &str, &str); 8] = [
    (Cell::Running, '█', "32", "runs"),
    (Cell::Moment, '|', "32", "runs for a moment"),
    (Cell::Ready, '░', "33", "ready, but not running"),
    (Cell::Waiting, '·', "36", "waits (pending)"),
    (Cell::Parked, '_', "34", "parked (asleep)"),
    (Cell::Locked, 'L', "35", "waits for a lock"),
    (Cell::Done, '✓', "1;32", "done"),
    (Cell::Cancelled, '✗', "1;31", "cancelled"),
];

fn row(lane: &Lane, grid: &Grid) -> Vec<Cell> {
    let mut row = vec![Cell::Nothing; grid.columns as usize];
    for span in &lane.spans {
        let cell = match span.state {
            State::Running => continue,
            State::Ready => Cell::Ready,
            State::Waiting => Cell::Waiting,
            State::Parked => Cell::Parked,
            State::Locked => Cell::Locked,
        };
        for column in &mut row[grid.column(span.from)..=grid.column(span.to)] {
            *column = cell.max(*column);
        }
    }
    paint_runs(lane, grid, &mut row);
    if let Some((at, ending)) = lane.ending {
        row[grid.column(at)] = if ending == Ending::Done { Cell::Done } else { Cell::Cancelled };
    }
    row
}

fn paint_runs(lane: &Lane, grid: &Grid, row: &mut [Cell]) {
    let runs = || lane.spans.iter().filter(|span| span.state == State::Running);
    let columns = |span: &Span| grid.column(span.from)..=grid.column(span.to);
    let mut ran = vec![0; row.len()];
    for run in runs() {
        for column in columns(run) {
            let (part, whole) = grid.overlap(column, run);
            ran[column] += part;
            if whole > 0 && ran[column] * 2 >= whole {
                row[column] = Cell::Running;
            }
        }
    }
    // A run that shows nowhere yet is shown where its middle lies.
    for run in runs() {
        if !columns(run).any(|column| row[column] == Cell::Running) {
            row[grid.column(run.from / 2 + run.to / 2)] = Cell::Moment;
        }
    }
}

/// Writes cells as characters, with one escape for each run of a colour.
fn paint(cells: &[Cell], color: bool) -> String {
    let mut text = String::new();
    for run in cells.chunk_by(|a, b| a == b) {
        let Some((_, sign, ansi, _)) = SIGNS.iter().find(|sign| sign.0 == run[0]) else {
            text.extend(run.iter().map(|_| ' '));
            continue;
        };
        let signs: String = run.iter().map(|_| sign).collect();
        text += &if color { format!("\x1b[{ansi}m{signs}\x1b[0m") } else { signs };
    }
    text
}

/// Explains the signs that were used.
fn legend(used: &[Cell], columns: usize, color: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let mut room = 0;
    for (cell, _, _, meaning) in SIGNS.iter().filter(|sign| used.contains(&sign.0)) {
        let item = format!("{} {meaning}   ", paint(&[*cell], color));
        let takes = width(meaning) + 5;
        if takes > room + 3 || lines.is_empty() {
            lines.push(String::new());
            room = columns;
        }
        room = room.saturating_sub(takes);
        if let Some(line) = lines.last_mut() {
            *line += &item;
        }
    }
    lines
}
