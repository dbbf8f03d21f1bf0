//! Numbers for readers: about three digits, and no more than were measured.

/// Writes a figure: `0.42`, `12.3`, `3,150`.
pub(crate) fn figure(value: f64) -> String {
    match value.abs() {
        size if size < 9.995 => format!("{value:.2}"),
        size if size < 99.95 => format!("{value:.1}"),
        _ => grouped(value),
    }
}

/// Writes how many times something is: `0.42`, `12.3`, `3,150`.
pub(crate) fn ratio(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), figure)
}

/// Writes a part as per cent: `+24 %`.
pub(crate) fn change(part: f64) -> String {
    format!("{:+.0} %", part * 100.0)
}

/// Writes a whole number with a comma for the thousands.
fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = if value < 0.0 { "-".to_owned() } else { String::new() };
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_about_three_digits() {
        let written = [0.0, 0.417, 9.999, 12.34, 99.96, 123.4, 1234.5, 1_234_567.0, -1500.0].map(figure);
        assert_eq!(written, ["0.00", "0.42", "10.0", "12.3", "100", "123", "1,234", "1,234,567", "-1,500"]);
        assert_eq!(change(0.236), "+24 %");
        assert_eq!(change(-0.2), "-20 %");
    }
}
