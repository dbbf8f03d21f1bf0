//! What `--list` prints: rows, and who takes part in each.

use serde_json::{Value, json};

use crate::contestants::{Contestant, Part, all};
use crate::rows::{QUICK_SECONDS, ROWS, Row, SECONDS, Target};

/// Returns all rows and contestants.
pub(crate) fn list() -> Value {
    json!({
        "peers": cfg!(feature = "peers"),
        "seconds": SECONDS,
        "quick_seconds": QUICK_SECONDS,
        "contestants": all().iter().map(about).collect::<Vec<_>>(),
        "rows": ROWS.iter().map(row).collect::<Vec<_>>(),
    })
}

fn about(contestant: &Contestant) -> Value {
    json!({ "name": contestant.name, "what": contestant.what })
}

fn row(row: &Row) -> Value {
    let (mut inside, mut outside) = (Vec::new(), Vec::new());
    for contestant in all() {
        match (contestant.part)(row.id) {
            Part::In(_) => inside.push(json!(contestant.name)),
            Part::Out(why) => outside.push(json!({ "name": contestant.name, "why": why })),
        }
    }
    json!({
        "id": row.id.name(),
        "title": row.title,
        "unit": row.figure.unit(),
        "better": "lower",
        "operation": row.operation,
        "limit": row.limit,
        "size_is": row.size_is,
        "size": row.size,
        "quick_size": row.quick_size,
        "scaling": row.scaling,
        "target": target(row.target),
        "contestants": inside,
        "missing": outside,
    })
}

fn target(target: Target) -> Value {
    match target {
        Target::AtMost(figure) => json!({ "at_most": figure }),
        Target::TimesLimit(factor) => json!({ "times_limit": factor }),
        Target::Nothing => Value::Null,
    }
}
