//! What a misspelt name may have been meant to be.

/// Says that there is no `word` among `names`, and names the nearest of them; if none is near, gives `advice` instead.
pub(crate) fn unknown<'n>(
    kind: &str,
    word: &str,
    names: impl IntoIterator<Item = &'n str>,
    advice: &str,
) -> String {
    let nearest = names.into_iter().map(|name| (distance(word, name), name)).min();
    match nearest.filter(|&(distance, name)| distance <= 2 && 2 * distance <= name.chars().count()) {
        Some((_, name)) => format!("unknown {kind} `{word}`; did you mean `{name}`?"),
        None => format!("unknown {kind} `{word}`; {advice}"),
    }
}

/// Counts the characters that one must put in, take out or change to make one word of the other.
///
/// # Source
///
/// Wagner and Fischer, *The String-to-String Correction Problem*, Journal of the ACM 21(1), 1974.
fn distance(from: &str, to: &str) -> usize {
    // `row[i]` is the distance from what was seen of `from` to the first `i` characters of `to`.
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (seen, left) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = seen + 1;
        for (at, right) in to.chars().enumerate() {
            let changed = diagonal + usize::from(left != right);
            diagonal = row[at + 1];
            row[at + 1] = changed.min(diagonal + 1).min(row[at] + 1);
        }
    }
    row[to.chars().count()]
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn the_distance_counts_insertions_removals_and_changes() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("LOAD_FSAT", "LOAD_FAST"), 2);
    }
}
