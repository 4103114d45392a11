//! Tests of time definitions.
