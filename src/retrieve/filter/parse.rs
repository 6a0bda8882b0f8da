//! JSON → the conditions of a filter
//!
//! What comes from a page may be anything: it is read to a limited depth, and every refusal says which part it means
//! and what would be right.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::{Condition, Test};
use crate::document::Scalar;
use crate::order::sort;

/// For messages.
pub(super) const EXAMPLE: &str = r#"{"year": {"$gte": 2020}}"#;
/// How deep filters may stand within one another.
const DEEPEST: usize = 32;
/// How deep JSON is read: a filter within another is in a list, which is in an object.
const DEEPEST_JSON: usize = 2 * DEEPEST + 8;
/// How many conditions a filter may have; the values of `$in` are not counted.
const MOST_CONDITIONS: usize = 1_000;

type Parsed<T> = Result<T, String>;

/// The conditions, or what is wrong.
pub(super) fn condition(json: &Value) -> Parsed<Condition> {
    Parser { conditions: 0 }.filter(json, 1)
}

struct Parser {
    /// How many there are so far.
    conditions: usize,
}

impl Parser {
    fn count(&mut self, depth: usize) -> Parsed<()> {
        self.conditions += 1;
        if self.conditions > MOST_CONDITIONS {
            return Err(format!("it has more than {MOST_CONDITIONS} conditions: use $in for many values of a field"));
        }
        match depth > DEEPEST {
            true => Err(too_deep()),
            false => Ok(()),
        }
    }

    fn filter(&mut self, json: &Value, depth: usize) -> Parsed<Condition> {
        self.count(depth)?;
        let Value::Object(fields) = json else {
            return Err(format!("an object is needed, as {EXAMPLE}, in place of {}", named(json)));
        };
        let mut conditions = Vec::with_capacity(fields.len());
        for (name, value) in fields {
            conditions.push(match name.as_str() {
                "$and" => Condition::All(self.filters(name, value, depth)?),
                "$or" => Condition::Any(self.filters(name, value, depth)?),
                "$nor" => Condition::Not(Box::new(Condition::Any(self.filters(name, value, depth)?))),
                "$not" => Condition::Not(Box::new(self.filter(value, depth + 1)?)),
                operator if operator.starts_with('$') => {
                    return Err(format!(
                        "{operator} stands where a field is named: write it inside, as {EXAMPLE}; filters are joined \
                         by $and, $or, $nor and $not"
                    ));
                }
                field => self.field(field, value, depth)?,
            });
        }
        Ok(Condition::All(conditions))
    }

    fn filters(&mut self, operator: &str, json: &Value, depth: usize) -> Parsed<Vec<Condition>> {
        match json {
            Value::Array(list) if !list.is_empty() => list.iter().map(|json| self.filter(json, depth + 1)).collect(),
            _ => Err(format!("{operator} needs a list of filters, as {{\"{operator}\": [{EXAMPLE}]}}")),
        }
    }

    /// What is asked of one field: a value, or an object of operators.
    fn field(&mut self, field: &str, json: &Value, depth: usize) -> Parsed<Condition> {
        let Value::Object(operators) = json else {
            return self.test("$eq", field, json, depth);
        };
        if operators.is_empty() {
            return Err(format!("{field:?} has an empty object: name an operator, as {EXAMPLE}"));
        }
        let tests = operators.iter().map(|(operator, operand)| self.test(operator, field, operand, depth));
        tests.collect::<Parsed<_>>().map(Condition::All)
    }

    fn test(&mut self, operator: &str, field: &str, operand: &Value, depth: usize) -> Parsed<Condition> {
        self.count(depth)?;
        let wrong =
            |needed: &str| Err(format!("{operator} of {field:?} needs {needed} in place of {}", named(operand)));
        let among = |operands: &[Value]| match operands.iter().find(|operand| operand.is_array() || operand.is_object())
        {
            None => Ok(one_of(operands)),
            Some(Value::Array(_)) => Err(format!(
                "{operator} of {field:?} has a list as a value: a list in a document is matched by each of its \
                 values; use $in for one of several, $and for all of them"
            )),
            Some(_) => Err(format!("{operator} of {field:?} has an object as a value: a field holds none")),
        };
        let test = match operator {
            "$eq" | "$ne" => among(std::slice::from_ref(operand))?,
            "$in" | "$nin" => match operand {
                Value::Array(operands) => among(operands)?,
                _ => return wrong("a list of values"),
            },
            "$gt" | "$gte" | "$lt" | "$lte" => {
                let outer = if operator.starts_with("$g") { Ordering::Greater } else { Ordering::Less };
                let orders = [outer, if operator.ends_with('e') { Ordering::Equal } else { outer }];
                match scalar(operand) {
                    Some(scalar) => Test::Is { scalar, orders },
                    None => return wrong("a number, a text or a truth value"),
                }
            }
            "$exists" => match operand {
                Value::Bool(expected) => Test::Exists(*expected),
                _ => return wrong("true or false"),
            },
            "$prefix" => match operand {
                Value::String(prefix) => Test::Prefix(prefix.clone()),
                _ => return wrong("a text"),
            },
            "$not" => return Ok(Condition::Not(Box::new(self.field(field, operand, depth + 1)?))),
            _ => {
                return Err(format!(
                    "{operator:?} of {field:?} is no operator; there are $eq, $ne, $in, $nin, $gt, $gte, $lt, $lte, \
                     $exists, $prefix and $not"
                ));
            }
        };
        let condition = Condition::Field(field.to_owned(), test);
        Ok(match operator {
            "$ne" | "$nin" => Condition::Not(Box::new(condition)),
            _ => condition,
        })
    }
}

/// Values in order, to be found by halving; `null` among them is a field that is missing.
fn one_of(operands: &[Value]) -> Test {
    let mut scalars: Vec<Scalar> = operands.iter().filter_map(scalar).collect();
    sort(&mut scalars, |left, right| left.as_ref().order(right.as_ref()));
    Test::In { scalars, missing: operands.iter().any(Value::is_null) }
}

fn scalar(json: &Value) -> Option<Scalar> {
    match json {
        Value::Bool(value) => Some(Scalar::Bool(*value)),
        Value::Number(number) => number.as_f64().map(Scalar::Number),
        Value::String(text) => Some(Scalar::Text(text.clone())),
        _ => None,
    }
}

fn named(json: &Value) -> &'static str {
    match json {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn too_deep() -> String {
    format!("filters stand in one another more than {DEEPEST} deep: put their conditions side by side")
}

/// Reads JSON as deep as a filter may be, with what is wrong with it already.
///
/// serde_json's own way to read a value recurses as deep as what a page hands in, and that may be without end.
pub(super) fn json<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(Value, Option<String>), D::Error> {
    let problem = RefCell::new(None);
    let value = Shallow { depth: 0, problem: &problem }.deserialize(deserializer)?;
    Ok((value, problem.into_inner()))
}

#[derive(Clone, Copy)]
struct Shallow<'problem> {
    depth: usize,
    problem: &'problem RefCell<Option<String>>,
}

impl Shallow<'_> {
    fn inside(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }
}

impl<'de> DeserializeSeed<'de> for Shallow<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self.depth < DEEPEST_JSON {
            return deserializer.deserialize_any(self);
        }
        *self.problem.borrow_mut() = Some(too_deep());
        deserializer.deserialize_ignored_any(IgnoredAny).map(|_| Value::Null)
    }
}

impl<'de> Visitor<'de> for Shallow<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a filter in JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or_else(
            || {
                *self.problem.borrow_mut() = Some(format!("{value} is no number that a field can have"));
                Value::Null
            },
            Value::Number,
        ))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(self.inside())? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut values = Map::new();
        while let Some(name) = fields.next_key()? {
            values.insert(name, fields.next_value_seed(self.inside())?);
        }
        Ok(Value::Object(values))
    }
}
