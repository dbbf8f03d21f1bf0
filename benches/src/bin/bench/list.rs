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

    /// Takes in the rows and contestants of another program: a row that both have gets the contestants of both.
    pub(crate) fn merge(&mut self, other: &Self) {
        let known: Vec<String> = self.contestants.iter().map(|contestant| contestant.name.clone()).collect();
        self.contestants.extend(other.contestants.iter().filter(|new| !known.contains(&new.name)).cloned());
        for row in &other.rows {
            match self.rows.iter_mut().find(|mine| mine.id == row.id) {
                Some(mine) => {
                    mine.contestants.extend(row.contestants.iter().cloned());
                    mine.missing.extend(row.missing.iter().cloned());
                }
                None => self.rows.push(row.clone()),
            }
        }
    }
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
