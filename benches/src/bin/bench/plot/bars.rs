//! How many times the limit each row costs: ours, and the best peer.
//!
//! ```text
//!                     1        2        4        8    times the limit
//!   spawn-one-thread  |████████ 3.1  ours 65
//!                     |▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒ 6.8  tokio 143
//! ```

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{FONT, GRID, LIMIT, OURS, PAGE, PEERS, TEXT, finished};
use crate::figure::Figure;
use crate::numbers;
use crate::run::Run;
use crate::standing::{Standing, standings};

/// In pixels: the plot's width, the room for names and for the figures behind the longest bar, above and below.
const WIDTH: i32 = 960;
const LEFT: i32 = 190;
const RIGHT: i32 = 190;
const TOP: i32 = 64;
const BOTTOM: i32 = 20;
/// A row, and each of its two bars.
const ROW: i32 = 40;
const BAR: i32 = 14;

/// Draws the bars of a run.
///
/// # Errors
///
/// Returns what the library could not draw.
pub(crate) fn bars(run: &Run) -> Result<String, String> {
    let standings = standings(run);
    let rows: Vec<Bars> = standings.iter().filter_map(Bars::of).collect();
    let height = TOP + ROW * rows.len() as i32 + BOTTOM;
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (WIDTH as u32, height as u32)).into_drawing_area();
        draw(&root, &rows, run, height).map_err(|error| error.to_string())?;
        root.present().map_err(|error| error.to_string())?;
    }
    let said = rows.iter().map(Bars::said).collect::<Vec<_>>().join("; ");
    finished(&svg, &format!("Cost of an operation, as a multiple of the limit. {said}"))
}

/// What is drawn of one row: bars with how many times the limit, and the label.
struct Bars<'a> {
    row: &'a str,
    bars: Vec<(f64, String, RGBColor)>,
}

impl<'a> Bars<'a> {
    /// Nothing for a row without a limit, or without anyone to compare with it.
    fn of(standing: &Standing<'a>) -> Option<Self> {
        let limit = standing.limit()?;
        let bar = |name: &str, figure: Figure, color| {
            let times = figure.over(&limit).filter(|times| *times > 0.0)?;
            Some((
                times,
                format!("{} {name} {}", numbers::figure(times), numbers::figure(figure.median)),
                color,
            ))
        };
        let ours = standing.ours().and_then(|figure| bar("ours", figure, OURS.light));
        let peer = standing.best_peer().and_then(|(name, figure)| bar(name, figure, PEERS[0].light));
        let bars: Vec<_> = ours.into_iter().chain(peer).collect();
        (!bars.is_empty()).then_some(Self { row: &standing.row.id, bars })
    }

    fn said(&self) -> String {
        let bars: Vec<&str> = self.bars.iter().map(|(_, label, _)| &label[..]).collect();
        format!("{}: {}", self.row, bars.join(", "))
    }
}

type Root<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Drawn<'a> = Result<(), DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>>;

fn draw<'a>(root: &Root<'a>, rows: &[Bars], run: &Run, height: i32) -> Drawn<'a> {
    root.fill(&PAGE.light)?;
    let scale = Scale::of(rows);
    let font = |size: i32, color: RGBColor| (FONT, size).into_font().color(&color);
    let small = font(15, TEXT.light);
    let at = |style: &TextStyle<'a>, x: HPos, y: VPos| style.pos(Pos::new(x, y));
    let head = at(&font(18, TEXT.light), HPos::Left, VPos::Top);
    root.draw(&Text::new("times the limit; shorter is better", (LEFT, 8), head))?;
    let note = format!("{}, {}", run.date, run.machine.cpu);
    root.draw(&Text::new(note, (WIDTH - 8, 10), at(&small, HPos::Right, VPos::Top)))?;
    for tick in scale.ticks() {
        let (x, color) = (scale.x(tick), if tick == 1.0 { LIMIT } else { GRID });
        root.draw(&PathElement::new(vec![(x, TOP), (x, height - BOTTOM)], color.light))?;
        root.draw(&Text::new(tick.to_string(), (x, TOP - 6), at(&small, HPos::Center, VPos::Bottom)))?;
    }
    for (at_row, row) in rows.iter().enumerate() {
        let top = TOP + ROW * at_row as i32 + (ROW - 2 * BAR) / 2;
        let middle = top + BAR;
        root.draw(&Text::new(row.row.to_owned(), (LEFT - 8, middle), at(&small, HPos::Right, VPos::Center)))?;
        for (at_bar, (times, label, color)) in row.bars.iter().enumerate() {
            let y = top + BAR * at_bar as i32;
            let (from, to) = (scale.x(1.0).min(scale.x(*times)), scale.x(1.0).max(scale.x(*times)));
            root.draw(&Rectangle::new([(from, y + 1), (to.max(from + 1), y + BAR - 1)], color.filled()))?;
            let label_at = (to + 5, y + BAR / 2);
            root.draw(&Text::new(label.clone(), label_at, at(&small, HPos::Left, VPos::Center)))?;
        }
    }
    Ok(())
}

/// Where a multiple of the limit lies: twice as much is the same way further right everywhere.
struct Scale {
    least: f64,
    most: f64,
}

impl Scale {
    fn of(rows: &[Bars]) -> Self {
        let times = || rows.iter().flat_map(|row| &row.bars).map(|(times, ..)| *times);
        // A little room on the left for who beats the limit.
        Self { least: times().fold(1.0, f64::min) / 1.05, most: times().fold(2.0, f64::max) }
    }

    fn x(&self, times: f64) -> i32 {
        let part = (times / self.least).ln() / (self.most / self.least).ln();
        LEFT + (part * f64::from(WIDTH - LEFT - RIGHT)) as i32
    }

    /// 1, and what follows by 2, 5 and 10 times, as far as the scale goes; every other one if there are many.
    fn ticks(&self) -> Vec<f64> {
        let decades = (-3..=9).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power)));
        let inside: Vec<f64> = decades.filter(|tick| (self.least..=self.most).contains(tick)).collect();
        let few = inside.len() <= 10;
        inside.into_iter().filter(|tick| few || tick.log10().fract() == 0.0).collect()
    }
}
