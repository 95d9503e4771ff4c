//! A row, as every database means it, and its one encoding.
//!
//! ```text
//! row   = values, one after the other, in the order of the table's columns
//! value = 0                              nothing
//!       | 1 │ 0 or 1                     a truth value
//!       | 2 │ 8 bytes, big endian        an integer, of whatever width
//!       | 3 │ length 4 │ UTF-8           a text
//!       | 4 │ length 4 │ bytes           bytes
//!       | 5 │ 16 bytes                   a UUID
//! ```
//!
//! No value's encoding begins another's, so two rows are encoded alike only if they are alike.

use std::fmt;

use uuid::Uuid;

/// What stands in one column of one row.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Nothing.
    Null,
    /// A truth value, where a database has a type for it or not.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A UUID, where a database has a type for it or not.
    Uuid(Uuid),
}

/// The values of one row, in the order of the table's columns.
pub type Row = Vec<Value>;

/// Bytes that encode no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no row of that table")]
pub struct Unreadable;

/// Says of which kind it is: what it says may be an address or a hash.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Bool(_) => "Bool(…)",
            Self::Int(_) => "Int(…)",
            Self::Text(_) => "Text(…)",
            Self::Bytes(_) => "Bytes(…)",
            Self::Uuid(_) => "Uuid(…)",
        })
    }
}

/// Appends the encoding of `row` to `to`.
pub fn encode(row: &[Value], to: &mut Vec<u8>) {
    for value in row {
        match value {
            Value::Null => to.push(0),
            Value::Bool(value) => to.extend([1, u8::from(*value)]),
            Value::Int(value) => {
                to.push(2);
                to.extend(value.to_be_bytes());
            }
            Value::Text(text) => long(3, text.as_bytes(), to),
            Value::Bytes(bytes) => long(4, bytes, to),
            Value::Uuid(id) => {
                to.push(5);
                to.extend(id.as_bytes());
            }
        }
    }
}

fn long(tag: u8, bytes: &[u8], to: &mut Vec<u8>) {
    let length = u32::try_from(bytes.len()).expect("no column holds anything near 4 GiB");
    to.push(tag);
    to.extend(length.to_be_bytes());
    to.extend(bytes);
}

/// The row of `columns` values that `bytes` encodes.
///
/// # Errors
///
/// [`Unreadable`] when it is none, or when something is left over.
pub fn decode(mut bytes: &[u8], columns: usize) -> Result<Row, Unreadable> {
    let row = (0..columns).map(|_| value(&mut bytes)).collect::<Result<_, _>>()?;
    if bytes.is_empty() { Ok(row) } else { Err(Unreadable) }
}

fn value(bytes: &mut &[u8]) -> Result<Value, Unreadable> {
    Ok(match take::<1>(bytes)? {
        [0] => Value::Null,
        [1] => match take::<1>(bytes)? {
            [0] => Value::Bool(false),
            [1] => Value::Bool(true),
            _ => return Err(Unreadable),
        },
        [2] => Value::Int(i64::from_be_bytes(take(bytes)?)),
        [3] => Value::Text(String::from_utf8(many(bytes)?.to_vec()).map_err(|_| Unreadable)?),
        [4] => Value::Bytes(many(bytes)?.to_vec()),
        [5] => Value::Uuid(Uuid::from_bytes(take(bytes)?)),
        _ => return Err(Unreadable),
    })
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], Unreadable> {
    let (head, rest) = bytes.split_first_chunk().ok_or(Unreadable)?;
    *bytes = rest;
    Ok(*head)
}

fn many<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], Unreadable> {
    let length = u32::from_be_bytes(take(bytes)?) as usize;
    let (head, rest) = bytes.split_at_checked(length).ok_or(Unreadable)?;
    *bytes = rest;
    Ok(head)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            ".{0,12}".prop_map(Value::Text),
            proptest::collection::vec(any::<u8>(), 0..12).prop_map(Value::Bytes),
            any::<[u8; 16]>().prop_map(|id| Value::Uuid(Uuid::from_bytes(id))),
        ]
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_read_as_the_same(row in proptest::collection::vec(any_value(), 0..6)) {
            let mut bytes = Vec::new();
            encode(&row, &mut bytes);
            prop_assert_eq!(decode(&bytes, row.len()), Ok(row.clone()));
            prop_assert_eq!(decode(&bytes, row.len() + 1), Err(Unreadable));
            for length in 0..bytes.len() {
                prop_assert_eq!(decode(&bytes[..length], row.len()), Err(Unreadable));
            }
        }

        #[test]
        fn what_is_read_is_encoded_as_the_same(bytes in proptest::collection::vec(0_u8..8, 0..24), columns in 0_usize..4) {
            if let Ok(row) = decode(&bytes, columns) {
                let mut again = Vec::new();
                encode(&row, &mut again);
                prop_assert_eq!(again, bytes);
            }
        }
    }

    #[test]
    fn the_encoding_stays_what_it_is() {
        let row =
            [Value::Null, Value::Bool(true), Value::Int(-2), Value::Text("é".into()), Value::Bytes(vec![7])];
        let mut bytes = Vec::new();
        encode(&row, &mut bytes);
        let expected =
            [&[0, 1, 1, 2][..], &[255; 7], &[254, 3, 0, 0, 0, 2, 0xc3, 0xa9, 4, 0, 0, 0, 1, 7]].concat();
        assert_eq!(bytes, expected, "back-ups are written in it");
    }
}
