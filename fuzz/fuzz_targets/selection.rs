//! Any text as a selection.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| assetctl_fuzz::selection(text));
