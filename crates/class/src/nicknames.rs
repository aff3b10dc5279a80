//! Nicknames: an adjective and an animal.

use std::hash::{BuildHasher, Hasher, RandomState};

const ADJECTIVES: [&str; 32] = [
    "amber", "black", "blue", "brave", "bright", "calm", "clever", "coral", "gentle", "golden",
    "green", "happy", "ivory", "jolly", "kind", "lucky", "merry", "mint", "noble", "olive",
    "orange", "pink", "proud", "purple", "quick", "quiet", "red", "silver", "sunny", "violet",
    "white", "yellow",
];
const ANIMALS: [&str; 32] = [
    "badger", "beaver", "bee", "bison", "camel", "crab", "crane", "deer", "dolphin", "eagle",
    "falcon", "finch", "fox", "goose", "hare", "heron", "koala", "lion", "lynx", "moose", "otter",
    "owl", "panda", "puffin", "raven", "robin", "salmon", "seal", "swan", "tiger", "whale", "wolf",
];

/// A random nickname that is not taken. There are over a thousand.
pub(crate) fn one_not_in(is_taken: impl Fn(&str) -> bool) -> String {
    loop {
        let name = random();
        if !is_taken(&name) {
            return name;
        }
    }
}

/// A random nickname.
pub(crate) fn random() -> String {
    let number = number() as usize;
    let (adjective, animal) = (ADJECTIVES[number % 32], ANIMALS[number / 32 % 32]);
    format!("{adjective} {animal}")
}

/// A text that nobody can guess: 32 digits and letters.
pub(crate) fn unguessable() -> String {
    format!("{:016x}{:016x}", number(), number())
}

/// A number from the system's random source, by way of the keys of a hash map.
fn number() -> u64 {
    RandomState::new().build_hasher().finish()
}
