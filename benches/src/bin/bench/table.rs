//! A table, as aligned text or as Markdown.

/// To which side a column is aligned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

/// Lines of cells below a head.
pub(crate) struct Table {
    head: Vec<(String, Side)>,
    lines: Vec<Vec<String>>,
}

impl Table {
    /// An empty table with these columns.
    pub(crate) fn new(head: Vec<(String, Side)>) -> Self {
        Self { head, lines: Vec::new() }
    }

    /// Adds a line, with a cell for each column.
    pub(crate) fn push(&mut self, line: Vec<String>) {
        debug_assert_eq!(line.len(), self.head.len(), "a cell for each column");
        self.lines.push(line);
    }

    /// Writes it for a terminal.
    pub(crate) fn text(&self) -> String {
        let widths = self.widths();
        let rule = widths.iter().map(|width| "-".repeat(*width)).collect();
        let names = self.head.iter().map(|(name, _)| name.clone()).collect();
        let lines = [&names, &rule].into_iter().chain(&self.lines);
        lines.map(|line| format!("{}\n", self.padded(line, &widths).join("  ").trim_end())).collect()
    }

    /// Writes it as Markdown, aligned as well.
    pub(crate) fn markdown(&self) -> String {
        let widths = self.widths();
        let rule = self.head.iter().zip(&widths).map(|((_, side), width)| match side {
            Side::Left => "-".repeat(*width),
            Side::Right => format!("{}:", "-".repeat(width - 1)),
        });
        let (names, rule) = (self.head.iter().map(|(name, _)| name.clone()).collect(), rule.collect());
        let lines = [&names, &rule].into_iter().chain(&self.lines);
        lines.map(|line| format!("| {} |\n", self.padded(line, &widths).join(" | "))).collect()
    }

    fn widths(&self) -> Vec<usize> {
        let width = |column: usize| {
            let cells = self.lines.iter().map(|line| line[column].chars().count());
            cells.chain([self.head[column].0.chars().count()]).max().unwrap_or(0)
        };
        (0..self.head.len()).map(width).collect()
    }

    fn padded(&self, line: &[String], widths: &[usize]) -> Vec<String> {
        let cells = line.iter().zip(&self.head).zip(widths);
        cells
            .map(|((cell, (_, side)), width)| match side {
                Side::Left => format!("{cell:<width$}"),
                Side::Right => format!("{cell:>width$}"),
            })
            .collect()
    }
}
