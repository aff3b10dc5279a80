//! Processes: a program that starts itself again in another role, and the descriptors that a process may have.
//!
//! The practice site and the process pool need nothing else of the course, so cargo builds them in parallel with the
//! rest.

mod child;
mod descriptors;

pub use child::{own_group, pass_over_ctrl_c, role, this_program_again};
pub use descriptors::{descriptor_limit, reserve_descriptors};
