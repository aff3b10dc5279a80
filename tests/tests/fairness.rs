//! Equal code takes equal time: the address of a function is not left to chance.

use std::hint::black_box;

/// Functions of different lengths: without the flag, not all of them would begin where they should.
macro_rules! functions {
    ($($name:ident: $body:expr;)*) => {
        $(
            #[inline(never)]
            fn $name(n: u64) -> u64 {
                black_box($body)(black_box(n))
            }
        )*

        /// Each function's name and address.
        fn addresses() -> Vec<(&'static str, usize)> {
            vec![$((stringify!($name), $name as fn(u64) -> u64 as usize)),*]
        }
    };
}

functions! {
    adds: |n: u64| n.wrapping_add(3);
    multiplies: |n: u64| n.wrapping_mul(n).wrapping_mul(7);
    divides: |n: u64| 1_000_000_007 / (n | 1) + n % 11;
    folds: |n: u64| (0..n).fold(1, |sum, step| black_box(sum ^ (step << 1)));
    formats: |n: u64| format!("{n:>20}").len() as u64;
    recurses: |n: u64| if n < 2 { n } else { recurses(n - 1) + recurses(n - 2) };
    sorts: |n: u64| { let mut all = [n, 3, 1]; all.sort_unstable(); all[0] };
    parses: |n: u64| n.to_string().parse().unwrap_or(n);
}

/// `fib` is the same machine code in all CPU lessons. At other addresses it took up to 1.2 times as long, and the
/// comparison of models was one of addresses.
#[test]
fn every_function_begins_at_a_multiple_of_64_bytes() {
    for (name, address) in addresses() {
        assert_eq!(
            address % 64,
            0,
            "{name} begins at {address:#x}. The flag in .cargo/config.toml was not used: does RUSTFLAGS replace \
             it, or was the course built from another folder?"
        );
    }
}
