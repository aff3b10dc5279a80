//! Round numbers for a time axis.

use std::time::Duration;

/// Returns moments from 0 to `length`, at equal and round distances: at most this many, but always two.
pub fn ticks(length: Duration, at_most: usize) -> Vec<Duration> {
    let length = length.as_secs_f64().max(1e-6);
    let least = length / at_most.max(2) as f64;
    let power = 10_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    let step = steps.into_iter().find(|step| *step >= least * 0.999).unwrap_or(length);
    (0..)
        .map(|tick| f64::from(tick) * step)
        .take_while(|tick| *tick <= length * 1.001)
        .map(Duration::from_secs_f64)
        .collect()
}

/// Returns the labels of the ticks, all in the unit that suits the largest; the last one names the unit.
pub fn labels(ticks: &[Duration]) -> Vec<String> {
    let last = ticks.last().copied().unwrap_or_default().as_secs_f64();
    let (unit, name) = if last >= 1.0 {
        (1.0, "s")
    } else if last >= 1e-3 {
        (1e-3, "ms")
    } else {
        (1e-6, "µs")
    };
    let mut labels: Vec<String> = ticks
        .iter()
        .map(|tick| {
            let number = (tick.as_secs_f64() / unit * 1e3).round() / 1e3;
            number.to_string()
        })
        .collect();
    if let Some(last) = labels.last_mut() {
        *last += &format!(" {name}");
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(seconds: f64, at_most: usize) -> String {
        labels(&ticks(Duration::from_secs_f64(seconds), at_most)).join(", ")
    }

    #[test]
    fn round_numbers_within_the_length() {
        assert_eq!(axis(8.3, 5), "0, 2, 4, 6, 8 s");
        assert_eq!(axis(0.0655, 5), "0, 20, 40, 60 ms");
        assert_eq!(axis(0.59, 6), "0, 100, 200, 300, 400, 500 ms");
        assert_eq!(axis(1.7, 4), "0, 0.5, 1, 1.5 s");
        assert_eq!(axis(0.000_03, 3), "0, 10, 20, 30 µs");
        assert_eq!(axis(10.0, 10), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 s");
        assert_eq!(axis(0.0, 4), "0, 0.5, 1 µs");
    }
}
