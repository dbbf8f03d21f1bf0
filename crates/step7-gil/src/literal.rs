//! Constants as text, both ways.
//!
//! | constant | its text |
//! |---|---|
//! | nothing, truth | `None`, `True`, `False` |
//! | an integer | `12`, `-3` |
//! | a floating-point number | `1.5`, `1e9`, `inf`, `-inf`, `NaN` |
//! | text | `"a \"word\"\n"`, with `\n`, `\t`, `\"` and `\\`; anything else stands for itself |
//! | a function | its name |

use crate::{Const, Program};

/// Reads a word as a constant, or says `None` if it can be nothing but a name.
///
/// # Errors
///
/// Returns the reason if it begins as a number does, and is none.
pub(crate) fn read(word: &str) -> Result<Option<Const>, String> {
    Ok(Some(match word {
        "None" => Const::None,
        "True" => Const::Bool(true),
        "False" => Const::Bool(false),
        "inf" => Const::Float(f64::INFINITY),
        "-inf" => Const::Float(f64::NEG_INFINITY),
        "NaN" => Const::Float(f64::NAN),
        _ if word.strip_prefix('-').unwrap_or(word).starts_with(|c: char| c.is_ascii_digit()) => {
            number(word)?
        }
        _ => return Ok(None),
    }))
}

fn number(word: &str) -> Result<Const, String> {
    let is_float = word.contains(['.', 'e', 'E']);
    match word.parse::<f64>() {
        Ok(float) if is_float && float.is_finite() => Ok(Const::Float(float)),
        Ok(_) if is_float => Err(format!("the number `{word}` is too large; write `inf`")),
        Ok(_) => match word.parse() {
            Ok(int) => Ok(Const::Int(int)),
            Err(_) => Err(format!("the integer `{word}` needs more than 64 bits; write `{word}.0`")),
        },
        Err(_) => Err(format!("`{word}` is not a number; numbers are like `12`, `-3`, `1.5` and `1e9`")),
    }
}

/// Reads text up to its closing quote, and returns it with what follows.
///
/// # Errors
///
/// Returns the reason if there is no closing quote, or if there is an unknown escape.
pub(crate) fn read_text(quoted: &str) -> Result<(String, &str), String> {
    let mut text = String::new();
    let mut chars = quoted.chars();
    while let Some(next) = chars.next() {
        text.push(match next {
            '"' => return Ok((text, chars.as_str())),
            '\\' => match chars.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some(itself @ ('"' | '\\')) => itself,
                Some(other) => {
                    return Err(format!(r#"unknown escape `\{other}`; there are `\n`, `\t`, `\"` and `\\`"#));
                }
                None => break,
            },
            itself => itself,
        });
    }
    Err("text without an end; close it with `\"`".to_owned())
}

/// Writes text with its quotes.
pub(crate) fn write_text(text: &str) -> String {
    let mut quoted = String::from('"');
    for char in text.chars() {
        match char {
            '\n' => quoted.push_str(r"\n"),
            '\t' => quoted.push_str(r"\t"),
            '"' | '\\' => quoted.extend(['\\', char]),
            itself => quoted.push(itself),
        }
    }
    quoted.push('"');
    quoted
}

/// Writes a constant of `program`.
pub(crate) fn write(constant: &Const, program: &Program) -> String {
    match constant {
        Const::None => "None".to_owned(),
        Const::Bool(true) => "True".to_owned(),
        Const::Bool(false) => "False".to_owned(),
        Const::Int(int) => int.to_string(),
        Const::Float(float) => format!("{float:?}"), // Never without a point or an exponent: it comes back a float.
        Const::Str(text) => write_text(text),
        Const::Function(at) => match program.functions.get(*at as usize) {
            Some(function) => function.name.to_string(),
            None => format!("?{at}"),
        },
    }
}

/// Says whether the two are the same constant: as `==`, but `0.0` and `-0.0` differ, and `NaN` is itself.
pub(crate) fn is_same(left: &Const, right: &Const) -> bool {
    match (left, right) {
        (Const::Float(left), Const::Float(right)) => left.to_bits() == right.to_bits(),
        _ => left == right,
    }
}
