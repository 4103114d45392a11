//! Any bytes as a lock file.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| assetctl_fuzz::lockfile(bytes));
