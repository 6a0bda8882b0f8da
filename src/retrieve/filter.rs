//! a filter in JSON + a document → whether it may be found
//!
//! The language is that of MongoDB's queries, which people and other vector stores know: `{"year": {"$gte": 2020},
//! "tags": "maps"}`. Names lead to a document's metadata and, where it has none of that name, to what every document
//! has ([`values`]). A list matches where one of its values does. Kinds are never mixed: `"2020"` is not `2020`, and
//! a text is neither less nor greater than a number.

mod parse;

use std::cmp::Ordering;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::document::{Document, Scalar, ScalarRef};
use crate::error::{Error, Result};
use crate::index::{Allowed, Index};

/// Which documents may be found.
///
/// | | a field matches where |
/// |---|---|
/// | `{"year": 2020}`, `$eq` | it is equal, or one of its list is; `null`: it is missing |
/// | `$ne` | it does not match `$eq`: also where it is missing |
/// | `$in`, `$nin` | it is equal to one of a list; to none |
/// | `$gt`, `$gte`, `$lt`, `$lte` | it is of the same kind and greater, …; texts by code point |
/// | `$exists` | it is there (`true`) or is not (`false`) |
/// | `$prefix` | it is a text that begins so |
/// | `$not` | what stands inside does not match |
///
/// Whole filters are put together by `$and`, `$or`, `$nor` (lists) and `$not`; several fields, and several conditions
/// on one, must all match. Built-in names: `id`, `name`, `title`, `url`, `format`, `language`, `pages` (how many);
/// metadata of the same name go first.
///
/// Reading one from JSON takes any JSON, so that what is wrong is told as `filter_invalid` by [`check`](Self::check)
/// rather than as a fault of the options around it; one that is wrong matches nothing.
#[derive(Debug, Clone)]
pub struct Filter {
    json: serde_json::Value,
    condition: std::result::Result<Condition, String>,
}

/// A filter as it is evaluated. Everything else of the language is made of these.
#[derive(Debug, Clone)]
enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Field(String, Test),
}

/// What is asked of a field.
#[derive(Debug, Clone)]
enum Test {
    /// One of its values is among these, which are in order, or it is missing where that is `missing`.
    In { scalars: Vec<Scalar>, missing: bool },
    /// One of its values is of the same kind, and so in relation to this one.
    Is { scalar: Scalar, orders: [Ordering; 2] },
    /// It is there, or it is not.
    Exists(bool),
    /// One of its values is a text that begins so.
    Prefix(String),
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// `filter_invalid`, with what is wrong and what would be right.
    pub fn new(json: serde_json::Value) -> Result<Self> {
        let filter = Self { condition: parse::condition(&json), json };
        filter.check()?;
        Ok(filter)
    }

    /// Whether it could be understood.
    ///
    /// # Errors
    /// `filter_invalid`, with what is wrong and what would be right.
    pub fn check(&self) -> Result<()> {
        match &self.condition {
            Ok(_) => Ok(()),
            Err(problem) => Err(Error::FilterInvalid { problem: problem.clone() }),
        }
    }

    /// The documents of an index that may be found.
    pub fn allowed(&self, index: &Index) -> Arc<Allowed> {
        index.allowed_by(&self.json.to_string(), &|document| self.matches(document))
    }

    /// Whether the document may be found.
    pub fn matches(&self, document: &Document) -> bool {
        self.condition.as_ref().is_ok_and(|condition| condition.matches(document))
    }
}

impl std::str::FromStr for Filter {
    type Err = Error;

    fn from_str(json: &str) -> Result<Self> {
        let problem = |error: serde_json::Error| Error::FilterInvalid {
            problem: format!("it is no JSON ({error}); write it as {}", parse::EXAMPLE),
        };
        let filter: Self = serde_json::from_str(json).map_err(problem)?;
        filter.check()?;
        Ok(filter)
    }
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.json == other.json
    }
}

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let (json, problem) = parse::json(deserializer)?;
        let condition = problem.map_or_else(|| parse::condition(&json), Err);
        Ok(Self { json, condition })
    }
}

impl Condition {
    /// Recursion is as deep as the filter, which is limited.
    fn matches(&self, document: &Document) -> bool {
        match self {
            Self::All(conditions) => conditions.iter().all(|condition| condition.matches(document)),
            Self::Any(conditions) => conditions.iter().any(|condition| condition.matches(document)),
            Self::Not(condition) => !condition.matches(document),
            Self::Field(name, test) => test.holds(values(document, name)),
        }
    }
}

impl Test {
    fn holds(&self, values: Option<Values>) -> bool {
        let any = |holds: &dyn Fn(ScalarRef) -> bool| values.is_some_and(|values| values.iter().any(holds));
        match self {
            Self::In { missing: true, .. } if values.is_none() => true,
            Self::In { scalars, .. } => {
                any(&|value| scalars.binary_search_by(|scalar| scalar.as_ref().order(value)).is_ok())
            }
            Self::Is { scalar, orders } => any(&|value| {
                let scalar = scalar.as_ref();
                value.kind() == scalar.kind() && orders.contains(&value.order(scalar))
            }),
            Self::Exists(expected) => values.is_some() == *expected,
            Self::Prefix(prefix) => any(&|value| matches!(value, ScalarRef::Text(text) if text.starts_with(prefix))),
        }
    }
}

/// What stands in a document under a name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values<'document> {
    single: Option<ScalarRef<'document>>,
    list: &'document [Scalar],
}

impl<'document> Values<'document> {
    /// Each value: one, or those of a list.
    pub(super) fn iter(self) -> impl Iterator<Item = ScalarRef<'document>> {
        self.single.into_iter().chain(self.list.iter().map(Scalar::as_ref))
    }
}

/// A document's values of that name, if it has any: of its metadata, else of what every document has.
///
/// Metadata go first, since whoever gives a document a `format` of its own means that one.
pub(super) fn values<'document>(document: &'document Document, name: &str) -> Option<Values<'document>> {
    if let Some(value) = document.metadata.get(name) {
        return Some(Values { single: None, list: value.scalars() });
    }
    let single = match name {
        "id" => ScalarRef::Text(&document.id),
        "name" => ScalarRef::Text(&document.name),
        "title" => ScalarRef::Text(&document.title),
        "url" => ScalarRef::Text(document.url.as_deref()?),
        "format" => ScalarRef::Text(document.format.name()),
        "language" => ScalarRef::Text(document.language.code()),
        "pages" if !document.pages.is_empty() => ScalarRef::Number(document.pages.len() as f64),
        _ => return None,
    };
    Some(Values { single: Some(single), list: &[] })
}
