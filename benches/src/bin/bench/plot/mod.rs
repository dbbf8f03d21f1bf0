//! Plots of a run, as SVG files that stand on their own and suit light pages and dark ones.
//!
//! The library writes each colour into each shape. A rule for dark pages is put in front, which replaces the colours
//! named in [`TONES`] by others; so a plot may use these and no more.

mod bars;
mod scaling;

use std::fmt::Write;

use plotters::prelude::RGBColor;

pub(crate) use bars::bars;
pub(crate) use scaling::scaling;

/// A colour on a light page, and the same on a dark one.
#[derive(Clone, Copy)]
struct Tone {
    light: RGBColor,
    dark: RGBColor,
}

const fn tone(light: (u8, u8, u8), dark: (u8, u8, u8)) -> Tone {
    Tone { light: RGBColor(light.0, light.1, light.2), dark: RGBColor(dark.0, dark.1, dark.2) }
}

const PAGE: Tone = tone((0xff, 0xff, 0xff), (0x0d, 0x11, 0x17));
const TEXT: Tone = tone((0x1f, 0x23, 0x28), (0xe6, 0xed, 0xf3));
const GRID: Tone = tone((0xd0, 0xd7, 0xde), (0x30, 0x36, 0x3d));
const LIMIT: Tone = tone((0x57, 0x60, 0x6a), (0x9e, 0xa7, 0xb3));
const OURS: Tone = tone((0x1a, 0x7f, 0x37), (0x3f, 0xb9, 0x50));
/// For peers; the first stands for whichever is best.
const PEERS: [Tone; 8] = [
    tone((0x82, 0x50, 0xdf), (0xbc, 0x8c, 0xff)),
    tone((0x09, 0x69, 0xda), (0x58, 0xa6, 0xff)),
    tone((0xbf, 0x39, 0x89), (0xf7, 0x78, 0xba)),
    tone((0x9a, 0x67, 0x00), (0xd2, 0x99, 0x22)),
    tone((0xbc, 0x4c, 0x00), (0xf0, 0x88, 0x3e)),
    tone((0x1b, 0x7c, 0x83), (0x39, 0xc5, 0xcf)),
    tone((0xcf, 0x22, 0x2e), (0xff, 0x7b, 0x72)),
    tone((0x6e, 0x40, 0x1f), (0xc9, 0xa0, 0x7c)),
];
const TONES: [Tone; 5] = [PAGE, TEXT, GRID, LIMIT, OURS];

/// Sizes of it come out by a fifth smaller than they are given: the library counts in points of its own.
const FONT: &str = "sans-serif";

/// Adds what the library does not write: a title for those who cannot see the plot, and the colours for dark pages.
fn finished(svg: &str, title: &str) -> Result<String, String> {
    let start = svg.find("<svg").ok_or("the library drew nothing")?;
    let end = start + svg[start..].find('>').ok_or("the library drew nothing")?;
    let mut style = String::from("@media (prefers-color-scheme:dark){\n");
    for tone in TONES.iter().chain(&PEERS) {
        let (light, dark) = (hex(tone.light), hex(tone.dark));
        for property in ["fill", "stroke"] {
            let _to_a_string = writeln!(style, "[{property}=\"{light}\"]{{{property}:{dark}}}");
        }
    }
    style.push('}');
    let title = title.replace('&', "&amp;").replace('<', "&lt;");
    Ok(format!(
        "{} role=\"img\">\n<title>{title}</title>\n<style>{style}</style>{}",
        &svg[..end],
        &svg[end + 1..]
    ))
}

fn hex(color: RGBColor) -> String {
    format!("#{:02X}{:02X}{:02X}", color.0, color.1, color.2)
}
