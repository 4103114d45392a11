//! Any text as clauses of `--steps`.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| assetctl_fuzz::steps(text));
