//! The formats of times and ratios.

use std::time::Duration;

/// `5.0x faster`, `17x slower`: how many times as fast something is.
pub fn times_as_fast(ratio: f64) -> String {
    if ratio >= 1.0 {
        format!("{}x faster", two_digits(ratio))
    } else {
        format!("{}x slower", two_digits(1.0 / ratio))
    }
}

/// A ratio with the digits that matter: `1.82`, `5.0`, `17`, `8200`.
pub fn two_digits(ratio: f64) -> String {
    match ratio {
        ratio if ratio < 2.0 => format!("{ratio:.2}"),
        ratio if ratio < 9.95 => format!("{ratio:.1}"),
        ratio if ratio < 1_000.0 => format!("{ratio:.0}"),
        ratio => {
            let unit = 10_f64.powf(ratio.log10().floor() - 1.0);
            format!("{:.0}", (ratio / unit).round() * unit)
        }
    }
}

/// Seconds to the nanosecond: a call may take less than a microsecond.
pub fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e9).round() / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_has_the_digits_that_say_something() {
        let ratios = [1.0, 1.824, 5.03, 9.96, 17.4, 113.2, 8_208.0, 65_432.1];
        let words = ["1.00", "1.82", "5.0", "10", "17", "113", "8200", "65000"];
        assert_eq!(ratios.map(two_digits), words);
    }

    #[test]
    fn faster_and_slower() {
        assert_eq!(times_as_fast(5.0), "5.0x faster");
        assert_eq!(times_as_fast(1.0 / 17.0), "17x slower");
    }
}
