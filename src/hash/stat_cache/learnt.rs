//! What was learnt about files since the cache was opened.

use std::collections::HashMap;

use crate::digest::Digest;
use crate::hash::stat_cache::row::Row;

/// Rows that are not saved yet.
#[derive(Debug, Default)]
pub(super) struct Learnt {
    rows: Vec<Row>,
    /// The order in which the rows are to be saved: that in which their paths were looked at.
    order: Vec<u32>,
    /// Where the row of a key is.
    positions: HashMap<Digest, u32>,
    next: u32,
}

impl Learnt {
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn get(&self, key: Digest) -> Option<Row> {
        let at = self.positions.get(&key)?;
        Some(self.rows[*at as usize])
    }

    pub fn contains(&self, key: Digest) -> bool {
        self.positions.contains_key(&key)
    }

    pub fn insert(&mut self, row: Row) {
        let new = self.rows.len() as u32;
        let at = *self.positions.entry(row.key).or_insert(new);
        if at == new {
            self.rows.push(row);
            let last = self.step();
            self.order.push(last);
        } else {
            self.rows[at as usize] = row;
        }
    }

    /// Gives the rows of these keys the order of the keys.
    pub fn line_up(&mut self, keys: impl Iterator<Item = Digest>) {
        for key in keys {
            if let Some(at) = self.positions.get(&key).copied() {
                self.order[at as usize] = self.step();
            }
        }
    }

    /// Sorts the rows by their order.
    pub fn sort(&mut self) {
        let mut sorted: Vec<u32> = (0..self.rows.len() as u32).collect();
        sorted.sort_unstable_by_key(|at| self.order[*at as usize]);
        self.rows = sorted.iter().map(|at| self.rows[*at as usize]).collect();
        self.order = (0..self.rows.len() as u32).collect();
        self.next = self.rows.len() as u32;
        for (row, at) in self.rows.iter().zip(0..) {
            self.positions.insert(row.key, at);
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter()
    }

    fn step(&mut self) -> u32 {
        self.next += 1;
        self.next
    }
}
