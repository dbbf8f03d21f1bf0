//! A state, written down as bytes: equal states give equal bytes, and different states different ones.
//!
//! ```text
//!   locks │ whose turn │ threads: frames, stack │ globals │ lists: their items
//!                                     └─ list 0 ─────┴────────▶ the first that was mentioned
//! ```
//!
//! Lists are numbered as they come up, so it does not matter where in memory they are, but it does whether two references are
//! to the same one. Text is written out: it does not change, and no instruction can tell two equal texts apart.
//!
//! # Invariants
//!
//! 1. No writing is the beginning of another: lengths come first, and each kind has its byte.
//! 2. Numbers are written so that their bytes are in the order of their values; so sorting by bytes sorts numbers.

use crate::object::{Ref, Value};
use crate::{Data, Fault, Plain, Py};

use super::End;
use super::run::{Run, Status};

impl Run<'_> {
    /// Writes down all that has a say in what can happen from here on.
    pub(super) fn state(&self, py: Py<'_>) -> Box<[u8]> {
        let mut writer = Writer::default();
        writer.bytes.extend(self.locks.iter().map(|is_taken| u8::from(*is_taken)));
        writer.number(self.in_turn.map_or(u32::MAX, |at| at as u32));
        for thread in &self.threads {
            match &thread.status {
                Status::Ready => writer.bytes.push(0),
                Status::Waits(lock) => {
                    writer.bytes.push(1);
                    writer.number(*lock);
                }
                Status::Over(result) => {
                    writer.bytes.push(2);
                    writer.result(result.as_ref());
                    continue; // What is left on its stack is of no use to anybody.
                }
            }
            writer.length(thread.fiber.frames().len());
            thread.fiber.frames().flatten().for_each(|number| writer.length(number));
            writer.values(thread.fiber.stack(), py);
        }
        for global in 0..self.world.program.program().globals.len() {
            writer.value(&self.world.global(global as u32, py), py);
        }
        writer.lists(py);
        writer.bytes.into()
    }

    /// Writes down what has come of it, if it is at its end.
    pub(super) fn outcome_key(&self, py: Py<'_>) -> Option<Vec<u8>> {
        let globals = self.globals(py).ok()?;
        self.choices().is_empty().then(|| outcome_key(&globals, &self.ends()))
    }
}

/// Writes down what came of a run. By these bytes outcomes are told apart, and sorted.
pub(super) fn outcome_key(globals: &[Data], ends: &[End]) -> Vec<u8> {
    let mut writer = Writer::default();
    globals.iter().for_each(|data| writer.data(data));
    ends.iter().for_each(|end| writer.end(end));
    writer.bytes
}

/// Writes down data.
pub(super) fn data_key(data: &Data) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.data(data);
    writer.bytes
}

/// Writes down how a thread ended.
pub(super) fn end_key(end: &End) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.end(end);
    writer.bytes
}

#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
    /// By their numbers.
    lists: Vec<Ref<Plain>>,
}

/// The kinds of values.
#[repr(u8)]
enum Kind {
    None,
    Bool,
    Int,
    Float,
    Text,
    Function,
    List,
}

impl Writer {
    fn number(&mut self, number: u32) {
        self.bytes.extend(number.to_be_bytes());
    }

    fn length(&mut self, length: usize) {
        self.number(u32::try_from(length).expect("nobody waits for four billion values to be looked at"));
    }

    fn text(&mut self, text: &str) {
        self.length(text.len());
        self.bytes.extend(text.bytes());
    }

    fn bool(&mut self, value: bool) {
        self.bytes.extend([Kind::Bool as u8, u8::from(value)]);
    }

    fn int(&mut self, value: i64) {
        self.bytes.push(Kind::Int as u8);
        self.bytes.extend((value as u64 ^ 1 << 63).to_be_bytes());
    }

    fn float(&mut self, value: f64) {
        self.bytes.push(Kind::Float as u8);
        let bits = value.to_bits();
        let ordered = if value.is_sign_negative() { !bits } else { bits ^ 1 << 63 };
        self.bytes.extend(ordered.to_be_bytes());
    }

    fn function(&mut self, number: u32) {
        self.bytes.push(Kind::Function as u8);
        self.number(number);
    }

    fn values(&mut self, values: &[Value<Plain>], py: Py<'_>) {
        self.length(values.len());
        values.iter().for_each(|value| self.value(value, py));
    }

    fn value(&mut self, value: &Value<Plain>, py: Py<'_>) {
        match value {
            Value::None => self.bytes.push(Kind::None as u8),
            Value::Bool(value) => self.bool(*value),
            Value::Int(value) => self.int(*value),
            Value::Float(value) => self.float(*value),
            Value::Function(number) => self.function(*number),
            Value::Object(object) => match object.as_text() {
                Some(text) => {
                    self.bytes.push(Kind::Text as u8);
                    self.text(text);
                }
                None => {
                    let number = self.lists.iter().position(|list| list.is(object)).unwrap_or_else(|| {
                        self.lists.push(object.clone_ref(py));
                        self.lists.len() - 1
                    });
                    self.bytes.push(Kind::List as u8);
                    self.length(number);
                }
            },
        }
    }

    /// Writes the items of the lists that were mentioned, and of those that are mentioned there.
    fn lists(&mut self, py: Py<'_>) {
        let mut at = 0;
        while at < self.lists.len() {
            let list = self.lists[at].clone_ref(py);
            list.with_list(py, |items| self.values(items, py));
            at += 1;
        }
    }

    fn data(&mut self, data: &Data) {
        match data {
            Data::None => self.bytes.push(Kind::None as u8),
            Data::Bool(value) => self.bool(*value),
            Data::Int(value) => self.int(*value),
            Data::Float(value) => self.float(*value),
            Data::Function(number) => self.function(*number),
            Data::Str(text) => {
                self.bytes.push(Kind::Text as u8);
                self.text(text);
            }
            Data::List(items) => {
                self.bytes.push(Kind::List as u8);
                self.length(items.len());
                items.iter().for_each(|item| self.data(item));
            }
        }
    }

    fn result(&mut self, result: Result<&Data, &Fault>) {
        match result {
            Ok(data) => {
                self.bytes.push(0);
                self.data(data);
            }
            Err(Fault { function, instruction, line, reason }) => {
                self.bytes.push(1);
                self.text(function);
                self.number(*instruction);
                self.number(*line);
                self.text(reason);
            }
        }
    }

    fn end(&mut self, end: &End) {
        match end {
            End::Returned(data) => self.result(Ok(data)),
            End::Faulted(fault) => self.result(Err(fault)),
            End::Waits(lock) => {
                self.bytes.push(2);
                self.text(lock);
            }
        }
    }
}
