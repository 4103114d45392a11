//! The `assetctl` binary.
fn main() {}
