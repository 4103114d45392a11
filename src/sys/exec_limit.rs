//! How much a program that is started can be given: the limits of `execve`.
//!
//! Linux takes strings of up to 128 KiB, and a quarter of the stack's limit in all, pointers included, but never more
//! than 6 MiB. macOS takes 1 MiB in all.

/// The longest argument or variable, in bytes, with its closing zero.
pub const LONGEST_STRING: usize = 131_072;

/// What each string costs beyond its bytes: the pointer to it.
pub const EACH_STRING: usize = size_of::<usize>();

/// Room for what the system itself puts there: the program's path, auxiliary values, alignment.
const OWN: usize = 4_096;

/// The greatest total of arguments and variables, in bytes, each with its closing zero and its pointer.
#[cfg(target_os = "linux")]
pub fn most_bytes() -> usize {
    use rustix::process::{Resource, getrlimit};
    const LEAST: u64 = 128 * 1024;
    const MOST: u64 = 6 * 1024 * 1024;
    let stack = getrlimit(Resource::Stack).current;
    let quarter = stack.map_or(MOST, |stack| stack / 4).clamp(LEAST, MOST);
    usize::try_from(quarter).map_or(usize::MAX, |bytes| bytes - OWN)
}

/// The greatest total of arguments and variables, in bytes, each with its closing zero and its pointer.
#[cfg(not(target_os = "linux"))]
pub fn most_bytes() -> usize {
    1024 * 1024 - OWN
}
