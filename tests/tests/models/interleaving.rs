//! What stands for the recorder of the race's diagram.

use shuttle::sync::Mutex;

/// Takes each step while no other is taken.
#[derive(Default)]
pub(crate) struct Interleaving(Mutex<()>);

impl Interleaving {
    pub(crate) fn read(&self, read: impl FnOnce() -> u64) -> u64 {
        let _no_other = self.0.lock();
        read()
    }

    pub(crate) fn add(&self, add: impl FnOnce() -> u64) -> u64 {
        let _no_other = self.0.lock();
        add()
    }

    pub(crate) fn write(&self, _sum: u64, write: impl FnOnce() -> u64) {
        let _no_other = self.0.lock();
        write();
    }
}
