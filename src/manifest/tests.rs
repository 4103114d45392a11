//! What manifests give, and what is said of wrong ones.
