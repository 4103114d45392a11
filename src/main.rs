//! The `assetctl` binary.

fn main() -> std::process::ExitCode {
    assetctl::cli::main()
}
