//! Landscapes to practise on: photographic enough that a JPEG of them is like one of a photo.

use std::f32::consts::TAU;

use fastrand::Rng;
use image::RgbImage;

/// A colour: red, green and blue from 0 to 1.
type Colour = [f32; 3];

/// Somewhere between two colours: `part` 0 is the first, 1 the second.
fn mix(a: Colour, b: Colour, part: f32) -> Colour {
    let part = part.clamp(0.0, 1.0);
    [0, 1, 2].map(|i| a[i] + (b[i] - a[i]) * part)
}

/// The sky above, the sky at the horizon, the nearest mountains, and the sun: one row for each
/// time of day.
const TIMES: [[Colour; 4]; 6] = [
    [[0.16, 0.38, 0.72], [0.80, 0.90, 0.96], [0.08, 0.22, 0.16], [1.0, 0.98, 0.88]],
    [[0.22, 0.16, 0.42], [0.98, 0.62, 0.36], [0.12, 0.06, 0.16], [1.0, 0.90, 0.62]],
    [[0.02, 0.03, 0.10], [0.16, 0.24, 0.42], [0.01, 0.02, 0.05], [0.94, 0.94, 0.98]],
    [[0.42, 0.62, 0.74], [0.98, 0.88, 0.80], [0.16, 0.28, 0.34], [1.0, 1.0, 0.96]],
    [[0.36, 0.08, 0.20], [1.00, 0.46, 0.26], [0.14, 0.02, 0.08], [1.0, 0.78, 0.46]],
    [[0.06, 0.34, 0.42], [0.74, 0.94, 0.78], [0.02, 0.18, 0.20], [1.0, 1.0, 0.80]],
];

/// A landscape: ridge behind ridge under a sky with the sun (or moon) and clouds, each paler the
/// farther away.
pub(crate) fn scene(number: u64, (width, height): (u32, u32)) -> RgbImage {
    let mut rng = Rng::with_seed(number);
    let [top, horizon, near, sun] = TIMES[number as usize % TIMES.len()];
    // Everything is measured in heights of the picture, so that any size shows the same view.
    let scale = height.max(1) as f32;
    let wide = width as f32 / scale;
    let ridges: Vec<Vec<f32>> = (0..rng.usize(4..7))
        .map(|i| ridge(&mut rng, 0.42 + 0.1 * i as f32, width, scale))
        .collect();
    let (sun_x, sun_y) = (wide * (0.15 + 0.7 * rng.f32()), 0.12 + 0.3 * rng.f32());
    let (sun_size, drift) = (0.03 + 0.05 * rng.f32(), 9.0 * rng.f32());

    RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = (x as f32 / scale, y as f32 / scale);
        let nearest = ridges.iter().rposition(|ridge| v > ridge[x as usize]);
        let colour = match nearest {
            Some(i) => {
                let far = 1.0 - (i + 1) as f32 / ridges.len() as f32;
                // Mist gathers at the foot of a ridge; light falls from above.
                let depth = v - ridges[i][x as usize];
                mix(mix(near, horizon, 0.8 * far), horizon, 1.2 * depth * (0.3 + far))
            }
            None => {
                let sky = mix(top, horizon, v * 1.6);
                let clouds = noise(u * 2.0 + drift, v * 7.0, number) * 0.6
                    + noise(u * 5.0 + drift, v * 17.0, number + 99) * 0.4;
                let sky = mix(sky, mix(horizon, sun, 0.6), (clouds - 0.5) * 2.2);
                let away = ((u - sun_x).powi(2) + (v - sun_y).powi(2)) / sun_size.powi(2);
                // The square of how far, in suns. Sharp at the rim of the sun, with a glow around it.
                let glow = if away < 1.0 { 1.0 } else { 0.6 / away };
                mix(sky, sun, glow)
            }
        };
        // The grain of a film. Without it a JPEG of this would be tiny, as no photo is.
        let grain = (rng.f32() - 0.5) * 0.03;
        image::Rgb(colour.map(|part| ((part + grain).clamp(0.0, 1.0) * 255.0) as u8))
    })
}

/// How far from the top a ridge is at each column: waves on waves, each shorter and lower.
fn ridge(rng: &mut Rng, middle: f32, width: u32, scale: f32) -> Vec<f32> {
    let waves: Vec<(f32, f32, f32)> = (0..9)
        .map(|i| {
            let often = 0.35 * 1.9_f32.powi(i) * (0.8 + 0.4 * rng.f32());
            (often * TAU, rng.f32() * TAU, 0.09 * 0.56_f32.powi(i))
        })
        .collect();
    let height = |u: f32| -> f32 {
        // `1 - |sin|` has peaks, where a sine would have round hills.
        waves
            .iter()
            .map(|(often, start, high)| (1.0 - (u * often + start).sin().abs()) * high)
            .sum()
    };
    (0..width).map(|x| middle + 0.06 - height(x as f32 / scale)).collect()
}

/// Smooth noise from 0 to 1: a value for each corner of a grid, blended in between.
fn noise(x: f32, y: f32, seed: u64) -> f32 {
    // Nothing here is below 0, and this is much faster than `floor`.
    let (left, above) = (x as u32 as f32, y as u32 as f32);
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (right, down) = (ease(x - left), ease(y - above));
    let corner = |dx: u64, dy: u64| {
        let (x, y) = (left as u64 + dx, above as u64 + dy);
        // Odd numbers without a pattern, to scatter the corners well.
        let mut bits = (x << 32 ^ y ^ seed << 16).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        bits = (bits ^ bits >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (bits >> 40) as f32 / (1_u64 << 24) as f32
    };
    let upper = corner(0, 0) + (corner(1, 0) - corner(0, 0)) * right;
    let lower = corner(0, 1) + (corner(1, 1) - corner(0, 1)) * right;
    upper + (lower - upper) * down
}
