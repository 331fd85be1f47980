//! A process that forbade memory dumps stays so. A test program of its own, because it cannot be taken back.

use farwire_core::memory_dump::forbid_memory_dumps;
use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

#[test]
fn the_system_knows_that_no_dump_is_wanted() {
    assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::Dumpable);
    forbid_memory_dumps().unwrap();
    let limit = getrlimit(Resource::Core);
    assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
    assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
}
