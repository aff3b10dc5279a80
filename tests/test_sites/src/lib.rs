//! Web sites on loopback, for tests: the practice site with its record, and one with every fault.

mod fault_site;
mod site;

pub use fault_site::{Ending, FAULTS, Fault, FaultSite, MortalSite, RefusingPort};
pub use site::Site;
