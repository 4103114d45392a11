//! Carries a plan out.

mod scheduler;
