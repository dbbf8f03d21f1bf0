//! Any bytes, in any pieces: the codec gives the lines that a split of the whole would give.
#![no_main]

use libfuzzer_sys::fuzz_target;
use step1::LineCodec;

#[path = "../../step1-blocking-io/tests/codec/model.rs"]
mod model;

fuzz_target!(|input: (u8, Vec<&[u8]>)| {
    let (limit, pieces) = (usize::from(input.0), input.1);
    let lines = model::decode(&mut LineCodec::new(limit), &pieces);
    assert_eq!(lines, model::model(limit, &pieces.concat()));
    let mut codec = LineCodec::new(limit);
    let mut bytes = Vec::new();
    for line in lines.iter().flatten() {
        // A line that ends in `\r` would lose that.
        assert!(codec.encode(line, &mut bytes).is_ok() || line.ends_with('\r'));
    }
    let again = model::decode(&mut codec, &[&bytes]);
    assert!(
        again.iter().eq(lines.iter().filter(|line| line.as_ref().is_ok_and(|line| !line.ends_with('\r'))))
    );
});
