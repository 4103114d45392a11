//! The one integration binary: everything that looks at the project from outside is linked once, here.

mod agree;
mod architecture;
mod check;
mod completions;
mod config;
mod crash;
mod diagnostics;
mod error_codes;
mod flights;
mod hooks;
mod hostile_text;
mod in_memory;
mod json;
mod lock;
mod partitions;
mod plain_english;
mod processes;
mod property;
mod reasons;
mod sandbox;
mod scenario;
mod scenarios;
mod shop;
mod transcripts;
mod unsettled;
mod vectors;
