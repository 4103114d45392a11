//! Tests of the room as a whole.

mod damage;
mod dynamic_keys;
mod leases;
mod opening;
mod reading;
mod round_trips;
mod samples;
