//! What a document is said to be, beside its text: author, year, tags
//!
//! Flat on purpose: a name leads to one value or to a list of them, so that a filter needs no paths and a forged
//! file cannot nest. In JSON the values stand plain (`"year": 2020, "tags": ["a", "b"]`); in an index file, which
//! does not tell its types, they are tagged.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What is known of a document, by name.
pub type Metadata = BTreeMap<String, Value>;

/// A single value. A number is finite, so that it can be ordered and written as JSON.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// True or false.
    Bool(bool),
    /// A finite number; whole numbers are exact up to 2⁵³.
    Number(f64),
    /// A text; compared by code points, so dates as ISO 8601 writes them are in order.
    Text(String),
}

/// What stands under a name.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A single value.
    One(Scalar),
    /// A list, as of tags; it may be empty.
    Many(Vec<Scalar>),
}

impl Value {
    /// Its values: one, or those of the list.
    pub fn scalars(&self) -> &[Scalar] {
        match self {
            Self::One(scalar) => std::slice::from_ref(scalar),
            Self::Many(scalars) => scalars,
        }
    }
}

impl Scalar {
    /// The same, borrowed.
    pub fn as_ref(&self) -> ScalarRef<'_> {
        match self {
            Self::Bool(value) => ScalarRef::Bool(*value),
            Self::Number(value) => ScalarRef::Number(*value),
            Self::Text(text) => ScalarRef::Text(text),
        }
    }
}

/// A [`Scalar`] that stands elsewhere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ScalarRef<'text> {
    /// True or false.
    Bool(bool),
    /// A finite number.
    Number(f64),
    /// A text.
    Text(&'text str),
}

impl ScalarRef<'_> {
    /// A total order: truth values before numbers before texts.
    pub fn order(self, other: ScalarRef) -> Ordering {
        match (self, other) {
            (Self::Bool(left), ScalarRef::Bool(right)) => left.cmp(&right),
            // Both are finite, so there is an answer.
            (Self::Number(left), ScalarRef::Number(right)) => left.partial_cmp(&right).unwrap_or(Ordering::Equal),
            (Self::Text(left), ScalarRef::Text(right)) => left.cmp(right),
            _ => self.kind().cmp(&other.kind()),
        }
    }

    /// A number for each kind of value; only values of one kind are compared by size.
    pub fn kind(self) -> u8 {
        match self {
            Self::Bool(_) => 0,
            Self::Number(_) => 1,
            Self::Text(_) => 2,
        }
    }

    /// The same, owned.
    pub fn to_owned(self) -> Scalar {
        match self {
            Self::Bool(value) => Scalar::Bool(value),
            Self::Number(value) => Scalar::Number(value),
            Self::Text(text) => Scalar::Text(text.to_owned()),
        }
    }
}

fn finite<E: Error>(number: f64) -> Result<Scalar, E> {
    match number.is_finite() {
        true => Ok(Scalar::Number(number)),
        false => Err(E::custom("a number of metadata must be finite: leave the field out where there is none")),
    }
}

impl Serialize for Scalar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let plain = serializer.is_human_readable();
        match self {
            Self::Bool(value) if plain => serializer.serialize_bool(*value),
            // A person expects the year as it was given: 2020, not 2020.0.
            Self::Number(value) if plain && value.fract() == 0.0 && value.abs() < 9e15 => {
                serializer.serialize_i64(*value as i64)
            }
            Self::Number(value) if plain => serializer.serialize_f64(*value),
            Self::Text(text) if plain => serializer.serialize_str(text),
            Self::Bool(value) => serializer.serialize_newtype_variant("Scalar", 0, "Bool", value),
            Self::Number(value) => serializer.serialize_newtype_variant("Scalar", 1, "Number", value),
            Self::Text(text) => serializer.serialize_newtype_variant("Scalar", 2, "Text", text),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One(scalar) if serializer.is_human_readable() => scalar.serialize(serializer),
            Self::Many(scalars) if serializer.is_human_readable() => scalars.serialize(serializer),
            Self::One(scalar) => serializer.serialize_newtype_variant("Value", 0, "One", scalar),
            Self::Many(scalars) => serializer.serialize_newtype_variant("Value", 1, "Many", scalars),
        }
    }
}

/// A [`Scalar`] in an index file.
#[derive(Deserialize)]
enum TaggedScalar {
    Bool(bool),
    Number(f64),
    Text(String),
}

/// A [`Value`] in an index file.
#[derive(Deserialize)]
enum TaggedValue {
    One(Scalar),
    Many(Vec<Scalar>),
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.is_human_readable() {
            true => match deserializer.deserialize_any(Plain { lists: false })? {
                Value::One(scalar) => Ok(scalar),
                Value::Many(_) => Err(D::Error::custom("a list cannot hold a list")),
            },
            false => match TaggedScalar::deserialize(deserializer)? {
                TaggedScalar::Bool(value) => Ok(Self::Bool(value)),
                TaggedScalar::Number(value) => finite(value),
                TaggedScalar::Text(text) => Ok(Self::Text(text)),
            },
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_any(Plain { lists: true });
        }
        Ok(match TaggedValue::deserialize(deserializer)? {
            TaggedValue::One(scalar) => Self::One(scalar),
            TaggedValue::Many(scalars) => Self::Many(scalars),
        })
    }
}

/// Reads what tells its own type.
struct Plain {
    /// Whether a list is read: within a list there is none.
    lists: bool,
}

impl<'de> Visitor<'de> for Plain {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(match self.lists {
            true => "metadata: a text, a number, true, false, or a list of these (leave the field out for nothing)",
            false => "in a list of metadata only texts, numbers, true and false",
        })
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::One(Scalar::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::One(Scalar::Number(value as f64)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::One(Scalar::Number(value as f64)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        finite(value).map(Value::One)
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::One(Scalar::Text(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::One(Scalar::Text(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        if !self.lists {
            return Err(A::Error::invalid_type(serde::de::Unexpected::Seq, &self));
        }
        let mut scalars = Vec::new();
        while let Some(scalar) = list.next_element()? {
            scalars.push(scalar);
        }
        Ok(Value::Many(scalars))
    }
}
