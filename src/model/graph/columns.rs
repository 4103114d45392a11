//! Columns of values of a fixed width, as bytes that are copied in one pass: for `#[serde(with = "columns")]`.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, Visitor};
use serde::{Deserializer, Serializer};

use crate::digest::Digest;
use crate::model::name::AssetId;

/// How many declarations are compiled into one block.
pub(super) const PAGE: usize = 256;

/// Why values can be encoded.
pub(super) const VECTORS_GROW: &str = "a vector grows as needed, and all lengths are known";

/// A value of `N` bytes, little-endian.
pub(super) trait FixedWidth<const N: usize>: Sized {
    fn to_column(&self) -> [u8; N];
    fn from_column(bytes: [u8; N]) -> Self;
}

impl FixedWidth<4> for u32 {
    fn to_column(&self) -> [u8; 4] {
        self.to_le_bytes()
    }

    fn from_column(bytes: [u8; 4]) -> Self {
        Self::from_le_bytes(bytes)
    }
}

impl FixedWidth<4> for AssetId {
    fn to_column(&self) -> [u8; 4] {
        self.0.to_column()
    }

    fn from_column(bytes: [u8; 4]) -> Self {
        Self(u32::from_column(bytes))
    }
}

impl FixedWidth<16> for Digest {
    fn to_column(&self) -> [u8; 16] {
        *self.as_bytes()
    }

    fn from_column(bytes: [u8; 16]) -> Self {
        Self::from_bytes(bytes)
    }
}

/// The bytes of a column.
pub(super) fn column_bytes<const N: usize, T: FixedWidth<N>>(column: &[T]) -> Vec<u8> {
    column.iter().flat_map(T::to_column).collect()
}

/// The column of these bytes; `None` if they are too few or too many.
pub(super) fn read_column<const N: usize, T: FixedWidth<N>>(bytes: &[u8]) -> Option<Vec<T>> {
    match bytes.as_chunks() {
        (values, []) => Some(values.iter().copied().map(T::from_column).collect()),
        _ => None,
    }
}

pub(super) fn serialize<const N: usize, T: FixedWidth<N>, S: Serializer>(
    column: &[T],
    out: S,
) -> Result<S::Ok, S::Error> {
    out.serialize_bytes(&column_bytes(column))
}

pub(super) fn deserialize<'de, const N: usize, T: FixedWidth<N>, D: Deserializer<'de>>(
    from: D,
) -> Result<Vec<T>, D::Error> {
    from.deserialize_bytes(ColumnVisitor(PhantomData))
}

struct ColumnVisitor<const N: usize, T>(PhantomData<T>);

impl<const N: usize, T: FixedWidth<N>> Visitor<'_> for ColumnVisitor<N, T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "values of {N} bytes each")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        read_column(bytes).ok_or_else(|| E::invalid_length(bytes.len(), &self))
    }
}
