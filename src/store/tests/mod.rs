//! Tests of the room as a whole.

mod changes;
mod damage;
mod dynamic_keys;
mod key_search;
mod leases;
mod opening;
mod reading;
mod round_trips;
mod samples;
