//! The one integration binary: everything that looks at the project from outside is linked once, here.

mod architecture;
mod error_codes;
mod flights;
mod property;
mod sandbox;
mod scenario;
mod scenarios;
mod vectors;
