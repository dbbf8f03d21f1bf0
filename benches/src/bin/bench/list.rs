//! What a contest program says of itself: its rows and its contestants.

use serde::{Deserialize, Serialize};

/// What a contest program prints when it is asked with `--list`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct List {
    /// How long a sample takes, and how long when a first impression will do.
    pub(crate) seconds: f64,
    pub(crate) quick_seconds: f64,
    pub(crate) contestants: Vec<Contestant>,
    pub(crate) rows: Vec<Row>,
}

/// A runtime, or a limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Contestant {
    pub(crate) name: String,
    pub(crate) what: String,
}

/// A workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) unit: String,
    pub(crate) better: String,
    #[serde(default)]
    pub(crate) operation: String,
    /// What the limit does.
    #[serde(default)]
    pub(crate) limit: String,
    #[serde(default)]
    pub(crate) size_is: String,
    pub(crate) size: u64,
    pub(crate) quick_size: u64,
    /// The sizes that show how the cost grows.
    #[serde(default)]
    pub(crate) scaling: Vec<u64>,
    #[serde(default)]
    pub(crate) target: Option<Target>,
    /// Who takes part.
    pub(crate) contestants: Vec<String>,
    /// Who does not, and why.
    #[serde(default)]
    pub(crate) missing: Vec<Missing>,
}

/// What ours should reach.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Target {
    /// So much, in the row's unit.
    AtMost(f64),
    /// So many times the limit's figure.
    TimesLimit(f64),
}

/// A contestant that does not take part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Missing {
    pub(crate) name: String,
    pub(crate) why: String,
}

impl List {
    /// Reads a list, and checks that its rows can be compared.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with it.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let list: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        match list.rows.iter().find(|row| row.better != "lower") {
            Some(row) => {
                Err(format!("in row {} {} is better; only lower can be compared", row.id, row.better))
            }
            None => Ok(list),
        }
    }

    /// Reads the list of another program, which says only what is different from `self`: who takes part in which rows, and
    /// perhaps sizes of its own. Rows that `self` does not have are left out.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with it.
    pub(crate) fn read_beside(&self, text: &str) -> Result<Self, String> {
        let other: Beside = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let mut list = Self {
            seconds: other.seconds.unwrap_or(self.seconds),
            quick_seconds: other.quick_seconds.unwrap_or(self.quick_seconds),
            contestants: other.contestants,
            rows: Vec::new(),
        };
        for row in other.rows {
            let Some(known) = self.rows.iter().find(|known| known.id == row.id) else { continue };
            if row.unit.as_ref().is_some_and(|unit| *unit != known.unit) {
                return Err(format!("row {} is measured in {}, not in another unit", row.id, known.unit));
            }
            let size = row.size.unwrap_or(known.size);
            list.rows.push(Row {
                size,
                quick_size: row.quick_size.unwrap_or(known.quick_size.min(size)),
                scaling: row.scaling.unwrap_or_else(|| known.scaling.clone()),
                contestants: row.contestants,
                missing: row.missing,
                ..known.clone()
            });
        }
        list.describe_all();
        Ok(list)
    }

    /// Adds whoever is in a row and not described.
    fn describe_all(&mut self) {
        for name in self.rows.iter().flat_map(|row| &row.contestants) {
            if !self.contestants.iter().any(|known| known.name == *name) {
                self.contestants.push(Contestant { name: name.clone(), what: String::new() });
            }
        }
    }

    /// Takes in the contestants of another program.
    pub(crate) fn merge(&mut self, other: &Self) {
        let known: Vec<String> = self.contestants.iter().map(|contestant| contestant.name.clone()).collect();
        self.contestants.extend(other.contestants.iter().filter(|new| !known.contains(&new.name)).cloned());
        for row in &other.rows {
            if let Some(mine) = self.rows.iter_mut().find(|mine| mine.id == row.id) {
                mine.contestants.extend(row.contestants.iter().cloned());
                mine.missing.extend(row.missing.iter().cloned());
            }
        }
    }
}

/// What another program says.
#[derive(Deserialize)]
struct Beside {
    seconds: Option<f64>,
    quick_seconds: Option<f64>,
    #[serde(default)]
    contestants: Vec<Contestant>,
    rows: Vec<BesideRow>,
}

#[derive(Deserialize)]
struct BesideRow {
    id: String,
    unit: Option<String>,
    size: Option<u64>,
    quick_size: Option<u64>,
    scaling: Option<Vec<u64>>,
    contestants: Vec<String>,
    #[serde(default)]
    missing: Vec<Missing>,
}

/// The limit that figures are divided by.
pub(crate) const LIMIT: &str = "limit";
/// Our runtimes.
pub(crate) const OURS: &str = "ours";

/// Says whether a contestant is somebody else's runtime: neither ours nor a limit.
pub(crate) fn is_peer(name: &str) -> bool {
    ![LIMIT, OURS].into_iter().any(|own| name == own || name.starts_with(&format!("{own}-")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_limits_are_no_peers() {
        assert!(!is_peer("limit") && !is_peer("limit-spin") && !is_peer("ours"));
        assert!(is_peer("tokio") && is_peer("limitless"));
    }

    #[test]
    fn a_row_of_which_more_is_better_is_refused() {
        let row =
            r#"{"id":"r","title":"","unit":"ns","better":"higher","size":1,"quick_size":1,"contestants":[]}"#;
        let list = format!(r#"{{"seconds":1,"quick_seconds":1,"contestants":[],"rows":[{row}]}}"#);
        assert!(List::read(&list).expect_err("higher").contains("higher is better"));
    }
}
