//! The line codec beside the plainest thing that does what it promises. The property test and the fuzzer share this.

use step1::{Error, LineCodec};

/// A line, or its error's message.
pub(crate) type Line = Result<String, String>;

fn plain(line: Result<String, Error>) -> Line {
    line.map_err(|error| error.to_string())
}

/// Feeds the pieces, and takes out every line, the leftover included.
pub(crate) fn decode(codec: &mut LineCodec, pieces: &[&[u8]]) -> Vec<Line> {
    let mut lines = Vec::new();
    for piece in pieces {
        codec.feed(piece);
        while let Some(line) = codec.next_line() {
            lines.push(plain(line));
        }
    }
    while let Some(line) = codec.finish() {
        lines.push(plain(line));
    }
    lines
}

pub(crate) fn ok(line: &str) -> Line {
    Ok(line.to_owned())
}

pub(crate) fn too_long(limit: usize) -> Line {
    plain(Err(Error::LineTooLong { limit }))
}

/// What a codec should say, as plainly as it can be written when all the bytes are there at once.
pub(crate) fn model(limit: usize, bytes: &[u8]) -> Vec<Line> {
    let check = |line: &[u8]| match str::from_utf8(line) {
        _ if line.len() > limit => too_long(limit),
        Ok(line) => ok(line),
        Err(error) => plain(Err(Error::NotUtf8 { valid_up_to: error.valid_up_to() })),
    };
    let mut parts: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
    let rest = parts.pop().expect("a split has a part at least");
    let whole = parts.into_iter().map(|line| check(line.strip_suffix(b"\r").unwrap_or(line)));
    whole.chain((!rest.is_empty()).then(|| check(rest))).collect()
}
