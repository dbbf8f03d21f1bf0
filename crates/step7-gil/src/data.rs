//! Data: values that belong to no heap, for what goes into a machine and comes out of it.

use std::sync::Arc;

use crate::object::{Memory, Value};

/// How deep lists may lie in lists to be copied out. One that contains itself has no end.
const DEPTH: u32 = 100;

/// How many values may be copied out at once. A list that contains another twice, which contains another twice, and so
/// on, is small on the heap, and has no end in practice.
const VALUES: usize = 1_000_000;

/// How many bytes of text may be copied out at once: the same text may be in a list a million times.
const TEXT: usize = 1 << 26;

/// A value that is not counted: what native functions take and return, and what machines send to each other.
///
/// ```
/// use step7::Data;
///
/// let list = Data::List(vec![Data::from(1), Data::from("two")]);
/// assert_eq!(list.to_string(), "[1, \"two\"]");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Nothing.
    None,
    /// True or false.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// Text.
    Str(Arc<str>),
    /// A list.
    List(Vec<Data>),
    /// A function of the program, by its number.
    Function(u32),
}

impl Data {
    /// Puts it on a machine's heap.
    pub(crate) fn to_value<M: Memory>(&self, token: M::Token<'_>) -> Value<M> {
        match self {
            Self::None => Value::None,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::Int(*value),
            Self::Float(value) => Value::Float(*value),
            Self::Str(text) => Value::text(&**text, token),
            Self::List(items) => Value::list(items.iter().map(|item| item.to_value(token)).collect(), token),
            Self::Function(number) => Value::Function(*number),
        }
    }

    /// Copies a value off the heap. The error says why there is no end to that.
    pub(crate) fn of<M: Memory>(value: &Value<M>, token: M::Token<'_>) -> Result<Self, String> {
        Self::of_at(value, token, DEPTH, &mut Room { values: VALUES, text: TEXT })
    }

    fn of_at<M: Memory>(
        value: &Value<M>,
        token: M::Token<'_>,
        depth: u32,
        room: &mut Room,
    ) -> Result<Self, String> {
        let too_many = || format!("a list of more than {VALUES} values, its inner lists included");
        room.values = room.values.checked_sub(1).ok_or_else(too_many)?;
        let Value::Object(object) = value else {
            return Ok(match value {
                Value::None | Value::Object(_) => Self::None,
                Value::Bool(value) => Self::Bool(*value),
                Value::Int(value) => Self::Int(*value),
                Value::Float(value) => Self::Float(*value),
                Value::Function(number) => Self::Function(*number),
            });
        };
        if let Some(text) = object.as_text() {
            let too_long = || format!("text of more than {TEXT} bytes, all of it together");
            room.text = room.text.checked_sub(text.len()).ok_or_else(too_long)?;
            return Ok(Self::Str(text.into()));
        }
        // Copied one by one, without the list: it may contain itself.
        let copy = |items: &mut Vec<Value<M>>| {
            let fits = items.len() <= room.values;
            fits.then(|| Vec::from_iter(items.iter().map(|item| item.clone_ref(token))))
        };
        let items = object.with_list(token, copy).expect("what is no text is a list").ok_or_else(too_many)?;
        let too_deep = || "a list that lies too deep in itself".to_owned();
        let depth = depth.checked_sub(1).ok_or_else(too_deep)?;
        items
            .iter()
            .map(|item| Self::of_at(item, token, depth, room))
            .collect::<Result<_, _>>()
            .map(Self::List)
    }
}

/// What may still be copied.
struct Room {
    values: usize,
    text: usize,
}

impl From<i64> for Data {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Data {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Data {
    fn from(value: &str) -> Self {
        Self::Str(value.into())
    }
}

impl std::fmt::Display for Data {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Bool(true) => f.write_str("True"),
            Self::Bool(false) => f.write_str("False"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Str(text) => write!(f, "{text:?}"),
            Self::Function(number) => write!(f, "<function {number}>"),
            Self::List(items) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if at == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
        }
    }
}
