//! A sheet to draw on, for pictures that are no lanes: boxes, arrows and words.
//!
//! It looks like the figures of the timeline: the same colours, on light and on dark pages, and nothing to fetch.

use std::fmt::Write;

const WIDTH: usize = 760;

/// Colours as in the timeline's figures; written out, as many viewers know no variables.
const STYLE: &str = "\
.board .page{fill:#ffffff}
.board text{fill:#1f2328;font:13px ui-monospace,Menlo,Consolas,monospace}
.board .title{font-weight:bold}
.board path{fill:none;stroke:#57606a;stroke-width:2}
.board .tick{stroke:#d0d7de;stroke-width:1}
.board .move{stroke:#8250df}
.board .row,.board .box{fill:none;stroke:#57606a}
.board .full{fill:#1a7f37}
.board .first{fill:#ddf4ff;stroke:#0969da}
.board .second{fill:#fff1e5;stroke:#bc4c00}
.board .now{fill:none;stroke:#8250df;stroke-width:3}
@media (prefers-color-scheme:dark){
.board .page{fill:#0d1117}
.board text{fill:#e6edf3}
.board path,.board .row,.board .box{stroke:#9ea7b3}
.board .tick{stroke:#30363d}
.board .move,.board .now{stroke:#bc8cff}
.board .full{fill:#3fb950}
.board .first{fill:#0c2d6b;stroke:#58a6ff}
.board .second{fill:#5a1e02;stroke:#f0883e}
}";

/// What has been drawn so far. Places are in pixels; a word's is the left end of its base line.
pub(crate) struct Board {
    high: usize,
    parts: String,
}

impl Board {
    pub(crate) fn new(high: usize) -> Self {
        Self { high, parts: String::new() }
    }

    pub(crate) fn text(&mut self, x: usize, y: usize, text: &str) {
        self.add(&format!("<text x=\"{x}\" y=\"{y}\">{}</text>", escape(text)));
    }

    pub(crate) fn title(&mut self, x: usize, y: usize, text: &str) {
        self.add(&format!("<text class=\"title\" x=\"{x}\" y=\"{y}\">{}</text>", escape(text)));
    }

    /// Writes around `x`.
    pub(crate) fn centred(&mut self, x: usize, y: usize, text: &str) {
        self.add(&format!("<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{}</text>", escape(text)));
    }

    pub(crate) fn rect(&mut self, class: &str, x: usize, y: usize, wide: usize, high: usize) {
        self.add(&format!(
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{wide}\" height=\"{high}\"/>"
        ));
    }

    pub(crate) fn path(&mut self, class: &str, d: &str) {
        self.add(&format!("<path class=\"{class}\" d=\"{d}\"/>"));
    }

    /// Draws a straight arrow.
    pub(crate) fn arrow(&mut self, class: &str, from: (usize, usize), to: (usize, usize)) {
        let (dx, dy) = (to.0 as f64 - from.0 as f64, to.1 as f64 - from.1 as f64);
        let long = dx.hypot(dy).max(1.0);
        let (dx, dy) = (dx / long, dy / long);
        // A barb goes back along the arrow, and half as far to its side.
        let barb = |side: f64| {
            let x = to.0 as f64 - 9.0 * dx + side * 4.5 * dy;
            let y = to.1 as f64 - 9.0 * dy - side * 4.5 * dx;
            format!("{x:.0} {y:.0}")
        };
        let (left, right) = (barb(1.0), barb(-1.0));
        self.path(
            class,
            &format!("M{} {}L{} {}M{left}L{} {}L{right}", from.0, from.1, to.0, to.1, to.0, to.1),
        );
    }

    fn add(&mut self, part: &str) {
        writeln!(self.parts, "{part}").expect("a string takes what is written to it");
    }

    pub(crate) fn svg(&self, title: &str, says: &str) -> String {
        let Self { high, parts } = self;
        let (title, says) = (escape(title), escape(says));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"board\" role=\"img\" viewBox=\"0 0 {WIDTH} {high}\" width=\"{WIDTH}\" height=\"{high}\">\n\
             <title>{title}</title>\n<desc>{says}</desc>\n<style>{STYLE}</style>\n\
             <rect class=\"page\" width=\"{WIDTH}\" height=\"{high}\"/>\n{parts}</svg>\n"
        )
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
