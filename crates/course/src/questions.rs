//! The questions under "Explain it" in a chapter, with what a good answer says.
//!
//! ```text
//! 1. The question?
//!
//!    <details>
//!    <summary>A good answer says</summary>
//!
//!    - one criterion
//!    - another
//!
//!    </details>
//! ```
//!
//! Whatever stands there in another shape is refused with its line, so that no question is left out unseen.

/// The heading they stand under.
pub const HEADING: &str = "## Explain it";

const OPENS: [&str; 2] = ["<details>", "<summary>A good answer says</summary>"];
const CLOSES: &str = "</details>";

/// A question to the reader, as it is written in the chapter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// One line or more.
    pub asks: String,
    /// What a good answer says, each of one line or more.
    pub criteria: Vec<String>,
}

/// What the next line may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expects {
    /// A question, or text between questions.
    Question,
    /// More of a question, or the fold that follows it.
    Fold,
    /// The fold's own line.
    Summary,
    /// A criterion, or the fold's end.
    Criterion,
}

/// Reads the questions of a chapter; none if it has no such heading.
///
/// # Errors
///
/// Returns the number of the first line that is not as it should be, and what should be there.
pub fn questions(chapter: &str) -> Result<Option<Vec<Question>>, (usize, String)> {
    let lines = section(chapter);
    let Some((heading, _)) = lines.first().copied() else { return Ok(None) };
    let mut questions: Vec<Question> = Vec::new();
    let mut expects = Expects::Question;
    // How far the lines of a question are indented: as far as its text begins.
    let mut indent = 0;
    for (number, line) in lines.into_iter().skip(1) {
        let wrong = |what: String| Err((number, what));
        if expects == Expects::Question {
            if let Some((count, text)) = numbered(line) {
                if count != questions.len() + 1 {
                    return wrong(format!("this question is number {}", questions.len() + 1));
                }
                indent = line.len() - text.len();
                questions.push(Question { asks: text.to_owned(), criteria: Vec::new() });
                expects = Expects::Fold;
            } else if line.starts_with([' ', '-', '<']) {
                return wrong(
                    "this belongs to no question; a question begins with its number and a dot".to_owned(),
                );
            }
            continue;
        }
        let question = questions.last_mut().expect("one has begun");
        let Some(text) = indented(line, indent) else {
            let count = questions.len();
            return wrong(format!("question {count} is not over: all of it is indented by {indent}"));
        };
        match expects {
            Expects::Fold if text == OPENS[0] => expects = Expects::Summary,
            Expects::Fold => question.asks += &format!("\n{text}"),
            Expects::Summary if text == OPENS[1] => expects = Expects::Criterion,
            Expects::Summary => return wrong(format!("`{}` is to stand here", OPENS[1])),
            Expects::Criterion if text == CLOSES && question.criteria.is_empty() => {
                return wrong("no criterion before the end of the fold".to_owned());
            }
            Expects::Criterion if text == CLOSES => {
                question.asks.truncate(question.asks.trim_end().len());
                expects = Expects::Question;
            }
            Expects::Criterion => match (text.strip_prefix("- "), question.criteria.last_mut()) {
                (Some(criterion), _) => question.criteria.push(criterion.to_owned()),
                (None, _) if text.is_empty() => {}
                (None, Some(criterion)) if text.starts_with("  ") => {
                    *criterion += &format!("\n{}", &text[2..]);
                }
                (None, _) => {
                    return wrong(format!("a criterion begins with `- `; the fold ends with `{CLOSES}`"));
                }
            },
            Expects::Question => unreachable!("it was looked at before"),
        }
    }
    match (expects, questions.is_empty()) {
        (Expects::Question, false) => Ok(Some(questions)),
        (Expects::Question, true) => Err((heading, "there is no question under this heading".to_owned())),
        _ => Err((heading, format!("the last question under this heading has no `{CLOSES}`"))),
    }
}

/// Returns the heading and the lines below it, up to the next one, with their numbers.
fn section(chapter: &str) -> Vec<(usize, &str)> {
    let (mut lines, mut in_fence, mut in_section) = (Vec::new(), false, false);
    for (at, line) in chapter.lines().enumerate() {
        in_fence ^= line.trim_start().starts_with("```");
        if !in_fence && (line.starts_with("# ") || line.starts_with("## ")) {
            in_section = line.trim_end() == HEADING;
        }
        if in_section {
            lines.push((at + 1, line.trim_end()));
        }
    }
    lines
}

/// Splits `12. text` into the number and the text.
fn numbered(line: &str) -> Option<(usize, &str)> {
    let (number, text) = line.split_once(". ")?;
    (!number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())).then_some(())?;
    Some((number.parse().ok()?, text.trim_start()))
}

/// Returns `line` without its indentation; none if it has less.
fn indented(line: &str, by: usize) -> Option<&str> {
    if line.is_empty() { Some(line) } else { line.strip_prefix(&" ".repeat(by)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "\
# A chapter

```text
## Explain it
```

## Explain it

Answer before you unfold.

1. What is asked
   in two lines?

   <details>
   <summary>A good answer says</summary>

   - one thing,
     in two lines
   - another

   </details>

2. And then?
   <details>
   <summary>A good answer says</summary>

   - it

   </details>

## Exercises

1. No question.
";

    #[test]
    fn questions_are_read_as_they_are_written() {
        let expected = [
            ("What is asked\nin two lines?", vec!["one thing,\nin two lines", "another"]),
            ("And then?", vec!["it"]),
        ];
        let found = questions(TWO).unwrap().unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|question| (question.asks.as_str(), question.criteria.iter().map(String::as_str).collect()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_chapter_without_the_heading_has_none() {
        assert_eq!(questions("# A\n\n## Exercises\n\n```text\n## Explain it\n```\n"), Ok(None));
    }

    #[test]
    fn whatever_is_in_another_shape_is_refused_with_its_line() {
        let broken = |from: &str, to: &str| {
            assert!(TWO.contains(from), "{from}");
            questions(&TWO.replacen(from, to, 1)).expect_err(to)
        };
        assert_eq!(broken("2. And", "3. And"), (23, "this question is number 2".to_owned()));
        assert_eq!(broken("   in two lines?", "in two lines?").0, 12);
        assert_eq!(broken("A good answer says", "Answer").0, 15);
        assert_eq!(broken("   - another", "   another").0, 19);
        assert_eq!(broken("   - another", "   * another").0, 19);
        assert_eq!(broken("   - it\n", ""), (28, "no criterion before the end of the fold".to_owned()));
        assert_eq!(broken("1. What", "- What").0, 11);
        let open = "## Explain it\n\n1. What?\n\n   <details>\n";
        assert_eq!(questions(open).expect_err("no end").0, 1);
        assert_eq!(questions("## Explain it\n").expect_err("none").0, 1);
    }

    #[test]
    fn the_tenth_question_is_indented_by_one_more() {
        let one = |n: usize| {
            let by = " ".repeat(n.to_string().len() + 2);
            format!("{n}. Q?\n\n{by}{}\n{by}{}\n\n{by}- c\n\n{by}{CLOSES}\n\n", OPENS[0], OPENS[1])
        };
        let text: String = (1..=10).map(one).collect();
        assert_eq!(questions(&format!("{HEADING}\n\n{text}")).unwrap().unwrap().len(), 10);
    }
}
