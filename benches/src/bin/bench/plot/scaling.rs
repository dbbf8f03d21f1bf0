//! How the cost of an operation grows with the size: a panel for each row, both axes logarithmic, a line for each contestant.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::{FONT, GRID, LIMIT, OURS, PAGE, PEERS, TEXT, Tone, finished};
use crate::figure::Figure;
use crate::list::{self, Row, is_peer};
use crate::run::Run;

/// In pixels: a panel, and a line of the legend above all of them.
const PANEL: (u32, u32) = (480, 320);
const LEGEND: i32 = 24;
const COLUMNS: usize = 2;
/// The width of a name in the legend, and how many stand in a line.
const NAME: i32 = 120;
const NAMES: usize = 8;

/// Draws the curves of a run.
///
/// # Errors
///
/// Returns what the library could not draw.
pub(crate) fn scaling(run: &Run) -> Result<String, String> {
    let panels: Vec<Panel> = run.rows.iter().filter_map(|row| Panel::of(run, row)).collect();
    let names: Vec<&str> = run
        .contestants
        .iter()
        .map(|contestant| &contestant.name[..])
        .filter(|name| panels.iter().any(|panel| panel.curves.iter().any(|curve| curve.name == *name)))
        .collect();
    let legend = LEGEND as u32 * names.len().div_ceil(NAMES) as u32 + 8;
    let (columns, lines) = (COLUMNS as u32, panels.len().div_ceil(COLUMNS) as u32);
    let mut svg = String::new();
    {
        let size = (PANEL.0 * columns, PANEL.1 * lines + legend);
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        draw(&root, &panels, &names, legend).map_err(|error| error.to_string())?;
        root.present().map_err(|error| error.to_string())?;
    }
    let rows: Vec<&str> = panels.iter().map(|panel| &panel.row.id[..]).collect();
    finished(&svg, &format!("Cost of an operation against the size: {}", rows.join("; ")))
}

struct Panel<'a> {
    row: &'a Row,
    curves: Vec<Curve<'a>>,
}

struct Curve<'a> {
    name: &'a str,
    /// Sizes and medians, by size.
    points: Vec<(f64, f64)>,
}

impl<'a> Panel<'a> {
    /// Nothing for a row that was not measured at several sizes.
    fn of(run: &'a Run, row: &'a Row) -> Option<Self> {
        let curve = |name: &'a String| Curve { name, points: points(run, row, name) };
        let curves =
            row.contestants.iter().map(curve).filter(|curve| curve.points.len() > 1).collect::<Vec<_>>();
        (!curves.is_empty()).then_some(Self { row, curves })
    }

    /// From the least to the most of one coordinate, with a little room.
    fn range(&self, of: fn(&(f64, f64)) -> f64) -> std::ops::Range<f64> {
        let all = || self.curves.iter().flat_map(|curve| &curve.points).map(of);
        all().fold(f64::MAX, f64::min) / 1.3..all().fold(f64::MIN_POSITIVE, f64::max) * 1.3
    }
}

fn points(run: &Run, row: &Row, name: &str) -> Vec<(f64, f64)> {
    let is_own = |row_id: &str, contestant: &str| row_id == row.id && contestant == name;
    let own = || run.samples.iter().filter(|sample| is_own(&sample.row, &sample.contestant));
    let mut sizes: Vec<u64> = own().map(|sample| sample.size).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let point = |size: u64| {
        let samples =
            own().filter(|sample| sample.size == size).filter_map(|sample| sample.figure(&row.unit));
        // Only what is more than nothing has a place on a logarithmic axis.
        let median = Figure::of(samples.collect())?.median;
        (median > 0.0 && size > 0).then_some((size as f64, median))
    };
    sizes.into_iter().filter_map(point).collect()
}

type Drawn<'a> = Result<(), DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>>;

fn draw<'a>(
    root: &DrawingArea<SVGBackend<'a>, Shift>,
    panels: &[Panel],
    names: &[&str],
    legend: u32,
) -> Drawn<'a> {
    root.fill(&PAGE.light)?;
    let font = (FONT, 15).into_font().color(&TEXT.light);
    for (at, name) in names.iter().enumerate() {
        let (x, y) = (12 + NAME * (at % NAMES) as i32, 10 + LEGEND * (at / NAMES) as i32);
        let (tone, is_filled) = tone_of(name, names);
        let style = ShapeStyle { color: tone.light.to_rgba(), filled: is_filled, stroke_width: 1 };
        root.draw(&Circle::new((x + 6, y + 6), 5, style))?;
        root.draw(&Text::new((*name).to_owned(), (x + 18, y), font.clone()))?;
    }
    let (_, below) = root.split_vertically(legend);
    let cells = below.split_evenly((panels.len().div_ceil(COLUMNS), COLUMNS));
    panels.iter().zip(&cells).try_for_each(|(panel, cell)| draw_panel(panel, cell, names))
}

fn draw_panel<'a>(panel: &Panel, cell: &DrawingArea<SVGBackend<'a>, Shift>, names: &[&str]) -> Drawn<'a> {
    let font = |size: i32| (FONT, size).into_font().color(&TEXT.light);
    let mut chart = ChartBuilder::on(cell)
        .caption(&panel.row.id, font(18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d(
            panel.range(|point| point.0).log_scale(),
            panel.range(|point| point.1).log_scale(),
        )?;
    chart
        .configure_mesh()
        .bold_line_style(GRID.light)
        .light_line_style(TRANSPARENT)
        .axis_style(LIMIT.light)
        .label_style(font(14))
        .axis_desc_style(font(15))
        .y_labels(6)
        .x_desc(&panel.row.size_is)
        .y_desc(&panel.row.unit)
        .x_label_formatter(&|size| short(*size))
        .y_label_formatter(&|cost| short(*cost))
        .draw()?;
    for curve in &panel.curves {
        let width = if is_peer(curve.name) { 1 } else { 3 };
        let (tone, is_filled) = tone_of(curve.name, names);
        chart.draw_series(LineSeries::new(curve.points.iter().copied(), tone.light.stroke_width(width)))?;
        let style = ShapeStyle { color: tone.light.to_rgba(), filled: is_filled, stroke_width: 1 };
        let dot = |point: &(f64, f64)| Circle::new(*point, 3, style);
        chart.draw_series(curve.points.iter().map(dot))?;
    }
    Ok(())
}

/// Returns a contestant's tone, and whether its dots are filled: peers take the tones in turn, the second time with hollow dots.
fn tone_of(name: &str, names: &[&str]) -> (Tone, bool) {
    match name {
        list::OURS => (OURS, true),
        list::LIMIT => (LIMIT, true),
        _ => {
            let mut others = names.iter().filter(|name| ![list::OURS, list::LIMIT].contains(name));
            let at = others.position(|other| *other == name).unwrap_or(0);
            (PEERS[at % PEERS.len()], at < PEERS.len())
        }
    }
}

/// Writes a power of ten as 1k, 10M, or as a number.
fn short(value: f64) -> String {
    match value {
        _ if value >= 1e6 => format!("{}M", value / 1e6),
        _ if value >= 1e3 => format!("{}k", value / 1e3),
        _ => format!("{}", (value * 1000.0).round() / 1000.0),
    }
}
