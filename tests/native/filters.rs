//! Who may be found: filters held against a naive reading of MongoDB's rules, and metadata through its formats.

use std::collections::BTreeMap;

use carrel::document::{Document, Format, Metadata, Value};
use carrel::error::Error;
use carrel::ingest::{Content, Source, read};
use carrel::retrieve::{Filter, SearchOptions};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

fn document(metadata: Json) -> Document {
    let source = Source {
        id: "shelf/maps.md".into(),
        name: "maps.md".into(),
        title: Some("Maps".into()),
        url: None,
        format: Some(Format::Markdown),
        metadata: serde_json::from_value(metadata).unwrap(),
        warnings: Vec::new(),
        language: None,
        content: Content::Text("Maps are not lent at all.".into()),
    };
    read(source).unwrap()
}

fn matches(filter: Json, document: &Document) -> bool {
    Filter::new(filter.clone()).unwrap_or_else(|error| panic!("{filter}: {error}")).matches(document)
}

/// What is wrong with a filter.
fn problem(filter: Json) -> String {
    let text = filter.to_string();
    let error = Filter::new(filter).err().unwrap_or_else(|| panic!("{text} was taken"));
    assert_eq!(error.code(), "filter_invalid");
    error.to_string()
}

/// MongoDB's rules once more, written over JSON as they are told in its manual.
fn naive(filter: &Json, document: &BTreeMap<String, Json>) -> bool {
    let list = |json: &Json| json.as_array().unwrap().iter().map(|part| naive(part, document)).collect::<Vec<_>>();
    filter.as_object().unwrap().iter().all(|(name, operand)| match name.as_str() {
        "$and" => !list(operand).contains(&false),
        "$or" => list(operand).contains(&true),
        "$nor" => !list(operand).contains(&true),
        "$not" => !naive(operand, document),
        field => naive_field(document.get(field), operand),
    })
}

fn naive_field(value: Option<&Json>, operand: &Json) -> bool {
    let Some(operators) = operand.as_object() else {
        return naive_equal(value, operand);
    };
    let values = match value {
        None => Vec::new(),
        Some(Json::Array(list)) => list.clone(),
        Some(single) => vec![single.clone()],
    };
    let compared = |wanted: &[&str]| {
        values.iter().any(|value| {
            let sign = match (value, operand_of(operand)) {
                (Json::Number(left), Json::Number(right)) => left.as_f64().partial_cmp(&right.as_f64()),
                (Json::String(left), Json::String(right)) => Some(left.chars().cmp(right.chars())),
                (Json::Bool(left), Json::Bool(right)) => Some(left.cmp(right)),
                _ => None,
            };
            sign.is_some_and(|sign| wanted.contains(&["<", "=", ">"][(sign as i8 + 1) as usize]))
        })
    };
    fn operand_of(operators: &Json) -> &Json {
        operators.as_object().unwrap().values().next().unwrap()
    }
    if operators.len() > 1 {
        return operators.iter().all(|(name, operand)| naive_field(value, &json!({ name.as_str(): operand })));
    }
    let (operator, operand) = operators.iter().next().unwrap();
    let any_of = |list: &Json| list.as_array().unwrap().iter().any(|one| naive_equal(value, one));
    match operator.as_str() {
        "$eq" => naive_equal(value, operand),
        "$ne" => !naive_equal(value, operand),
        "$in" => any_of(operand),
        "$nin" => !any_of(operand),
        "$gt" => compared(&[">"]),
        "$gte" => compared(&[">", "="]),
        "$lt" => compared(&["<"]),
        "$lte" => compared(&["<", "="]),
        "$exists" => value.is_some() == operand.as_bool().unwrap(),
        "$prefix" => {
            values.iter().any(|value| value.as_str().is_some_and(|it| it.starts_with(operand.as_str().unwrap())))
        }
        "$not" => !naive_field(value, operand),
        other => unreachable!("{other}"),
    }
}

fn naive_equal(value: Option<&Json>, operand: &Json) -> bool {
    let same = |value: &Json| match (value.as_f64(), operand.as_f64()) {
        (Some(left), Some(right)) => left == right,
        _ => value == operand,
    };
    match value {
        None => operand.is_null(),
        Some(Json::Array(list)) => list.iter().any(same),
        Some(single) => same(single),
    }
}

/// Few values, so that they meet.
fn scalars() -> impl Strategy<Value = Json> {
    prop_oneof![
        any::<bool>().prop_map(Json::from),
        (-2i64..4).prop_map(Json::from),
        prop::sample::select(vec![json!(0.5), json!(-0.0), json!(2.0), json!(1e300)]),
        prop::sample::select(vec!["", "a", "ab", "b", "2", "2020-01-31", "ß", "\u{10000}", "\u{ff61}"])
            .prop_map(Json::from),
    ]
}

fn names() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["year", "tags", "author", "a.b"]).prop_map(str::to_owned)
}

fn documents() -> impl Strategy<Value = BTreeMap<String, Json>> {
    let value = prop_oneof![scalars(), prop::collection::vec(scalars(), 0..4).prop_map(Json::from)];
    prop::collection::btree_map(names(), value, 0..4)
}

fn operands() -> impl Strategy<Value = Json> {
    let with_null = || prop_oneof![6 => scalars(), 1 => Just(Json::Null)];
    let equal = (prop::sample::select(vec!["$eq", "$ne"]), with_null());
    let list = prop::collection::vec(with_null(), 0..4).prop_map(Json::from);
    let among = (prop::sample::select(vec!["$in", "$nin"]), list);
    let range = (prop::sample::select(vec!["$gt", "$gte", "$lt", "$lte"]), scalars());
    let exists = (Just("$exists"), any::<bool>().prop_map(Json::from));
    let prefix = (Just("$prefix"), prop::sample::select(vec!["", "a", "2020"]).prop_map(Json::from));
    let operator = prop_oneof![equal, among, range, exists, prefix];
    let operators = prop::collection::btree_map(Just(()), operator.clone(), 1).prop_map(|one| {
        one.into_values().map(|(name, operand)| (name.to_owned(), operand)).collect::<serde_json::Map<_, _>>()
    });
    let several =
        (operator.clone(), operator).prop_map(|(first, second)| json!({ first.0: first.1, second.0: second.1 }));
    let object = prop_oneof![operators.prop_map(Json::from), several];
    let negated = object.clone().prop_map(|object| json!({ "$not": object }));
    prop_oneof![2 => with_null(), 6 => object, 1 => negated]
}

fn filters() -> impl Strategy<Value = Json> {
    let leaf = prop::collection::btree_map(names(), operands(), 0..3).prop_map(|fields| json!(fields));
    leaf.prop_recursive(4, 24, 3, |inner| {
        let list = prop::collection::vec(inner.clone(), 1..4).prop_map(Json::from);
        let joined = (prop::sample::select(vec!["$and", "$or", "$nor"]), list);
        prop_oneof![
            joined.clone().prop_map(|(name, list)| json!({ name: list })),
            (joined, names(), operands())
                .prop_map(|((name, list), field, operand)| json!({ name: list, field: operand })),
            inner.prop_map(|filter| json!({ "$not": filter })),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_filter_lets_through_what_the_naive_reading_lets_through(filter in filters(), metadata in documents()) {
        let document = document(json!(metadata));
        prop_assert_eq!(matches(filter.clone(), &document), naive(&filter, &metadata), "{} {:?}", filter, metadata);
        // Written and read again it is the same.
        let options = SearchOptions { filter: Some(Filter::new(filter).unwrap()), ..SearchOptions::default() };
        let again: SearchOptions = serde_json::from_str(&serde_json::to_string(&options).unwrap()).unwrap();
        prop_assert_eq!(again, options);
    }

    #[test]
    fn metadata_are_the_same_after_json_and_after_an_index_file(metadata in documents()) {
        let read: Metadata = serde_json::from_value(json!(metadata)).unwrap();
        let again: Metadata = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
        prop_assert_eq!(&again, &read);
        let bytes = postcard::to_allocvec(&read).unwrap();
        prop_assert_eq!(postcard::from_bytes::<Metadata>(&bytes).unwrap(), read);
    }

    #[test]
    fn any_bytes_are_metadata_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(metadata) = postcard::from_bytes::<Metadata>(&bytes) {
            prop_assert!(serde_json::to_string(&metadata).is_ok_and(|json| !json.contains("null,")));
        }
    }

    #[test]
    fn any_json_is_a_filter_or_is_refused_with_words(filter in r#"[{}\[\]:,"$a-z0-9]{0,40}"#) {
        if let Err(error) = filter.parse::<Filter>() {
            prop_assert_eq!(error.code(), "filter_invalid");
        }
    }
}

#[test]
fn each_operator_does_what_it_is_for() {
    let document = document(json!({
        "year": 2020, "date": "2020-05-01", "tags": ["maps", "loans"], "draft": false, "none": [], "rating": 4.5
    }));
    let yes = [
        json!({}),
        json!({"year": 2020}),
        json!({"year": 2020.0}),
        json!({"year": {"$eq": 2020}, "draft": false}),
        json!({"tags": "maps"}),
        json!({"tags": {"$in": ["x", "loans"]}}),
        json!({"tags": {"$nin": ["x"]}}),
        json!({"year": {"$gt": 2019, "$lte": 2020}}),
        json!({"date": {"$gte": "2020", "$lt": "2021"}}),
        json!({"tags": {"$gt": "lz", "$lt": "lp"}}), // Each by another of its values, as in MongoDB.
        json!({"missing": {"$ne": 1}}),
        json!({"missing": {"$nin": [1]}}),
        json!({"missing": null}),
        json!({"missing": {"$in": [null, 3]}}),
        json!({"missing": {"$exists": false}}),
        json!({"missing": {"$not": {"$gt": 1}}}),
        json!({"none": {"$exists": true}}),
        json!({"none": {"$ne": null}}),
        json!({"title": {"$prefix": "Ma"}}),
        json!({"$or": [{"year": 1}, {"rating": {"$gt": 4}}]}),
        json!({"$nor": [{"year": 1}, {"year": 2}]}),
        json!({"$not": {"year": 1}}),
        json!({"$and": [{"year": 2020}, {"$or": [{"tags": "x"}, {"tags": "maps"}]}]}),
        json!({"id": "shelf/maps.md", "name": "maps.md", "title": "Maps", "format": "markdown"}),
        json!({"language": {"$exists": true}}),
        json!({"url": null, "pages": {"$exists": false}}),
    ];
    let no = [
        json!({"year": "2020"}),
        json!({"year": {"$gt": "1"}}),
        json!({"draft": 0}),
        json!({"draft": {"$lt": 1}}),
        json!({"tags": {"$ne": "maps"}}),
        json!({"tags": {"$nin": ["loans"]}}),
        json!({"tags": "map"}),
        json!({"year": {"$in": []}}),
        json!({"missing": {"$lt": 5}}),
        json!({"missing": {"$exists": true}}),
        json!({"year": null}),
        json!({"none": null}),
        json!({"none": "x"}),
        json!({"year": 2020, "draft": true}),
        json!({"$and": [{"year": 2020}, {"year": 2021}]}),
        json!({"$nor": [{"year": 2020}]}),
        json!({"title": {"$prefix": "maps"}}),
        json!({"year": {"$prefix": "2"}}),
    ];
    yes.into_iter().for_each(|filter| assert!(matches(filter.clone(), &document), "{filter}"));
    no.into_iter().for_each(|filter| assert!(!matches(filter.clone(), &document), "{filter}"));
}

#[test]
fn metadata_go_before_what_every_document_has() {
    let document = document(json!({"format": "atlas", "pages": 12}));
    assert!(matches(json!({"format": "atlas", "pages": {"$gte": 12}}), &document));
    assert!(!matches(json!({"format": "markdown"}), &document));
}

#[test]
fn a_filter_that_is_wrong_says_what_would_be_right() {
    let told = [
        (json!([]), "an object is needed, as {\"year\": {\"$gte\": 2020}}, in place of a list"),
        (json!(null), "in place of null"),
        (json!({"$gt": 5}), "$gt stands where a field is named: write it inside"),
        (json!({"$where": "1"}), "filters are joined by $and, $or, $nor and $not"),
        (json!({"year": {"$regex": "x"}}), "\"$regex\" of \"year\" is no operator; there are $eq, $ne"),
        (json!({"year": {"gte": 5}}), "\"gte\" of \"year\" is no operator"),
        (json!({"year": {}}), "\"year\" has an empty object: name an operator"),
        (json!({"tags": ["a"]}), "use $in for one of several, $and for all of them"),
        (json!({"tags": {"$in": "a"}}), "$in of \"tags\" needs a list of values in place of a text"),
        (json!({"tags": {"$in": [["a"]]}}), "$in of \"tags\" has a list as a value"),
        (json!({"tags": {"$eq": {"a": 1}}}), "has an object as a value"),
        (json!({"year": {"$gt": null}}), "$gt of \"year\" needs a number, a text or a truth value in place of null"),
        (json!({"year": {"$lte": [1]}}), "in place of a list"),
        (json!({"year": {"$exists": 1}}), "needs true or false in place of a number"),
        (json!({"year": {"$prefix": 1}}), "needs a text in place of a number"),
        (json!({"$and": {}}), "$and needs a list of filters, as {\"$and\": [{\"year\": {\"$gte\": 2020}}]}"),
        (json!({"$or": []}), "$or needs a list of filters"),
        (json!({"$or": [1]}), "an object is needed"),
        (json!({"$not": [{}]}), "in place of a list"),
    ];
    for (filter, words) in told {
        let problem = problem(filter.clone());
        assert!(problem.starts_with("the filter cannot be used: ") && problem.contains(words), "{filter}: {problem}");
    }
    let problem = "{year: 1}".parse::<Filter>().unwrap_err().to_string();
    assert!(problem.contains("it is no JSON (key must be a string"), "{problem}");
}

#[test]
fn filters_that_are_too_deep_or_too_long_are_refused() {
    let nested = |depth: usize| (0..depth).fold(json!({"year": 1}), |inner, _| json!({"$and": [inner]}));
    assert!(Filter::new(nested(31)).is_ok());
    assert!(problem(nested(32)).contains("more than 32 deep: put their conditions side by side"));
    let negated = |depth: usize| (0..depth).fold(json!({"$eq": 1}), |inner, _| json!({"$not": inner}));
    assert!(Filter::new(json!({"year": negated(31)})).is_ok());
    assert!(problem(json!({"year": negated(32)})).contains("32 deep"));
    let listed = |count: usize| json!({"$or": vec![json!({"year": 1}); count]});
    assert!(Filter::new(listed(499)).is_ok());
    assert!(problem(listed(500)).contains("more than 1000 conditions: use $in"));
    assert!(Filter::new(json!({"id": {"$in": (0..20_000).collect::<Vec<_>>()}})).is_ok());
}

/// What a page could hand in: lists in lists without end, which no text of JSON can tell.
struct Endless;

impl<'de> serde::Deserializer<'de> for Endless {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        struct Inside(bool);
        impl<'de> serde::de::SeqAccess<'de> for Inside {
            type Error = serde::de::value::Error;
            fn next_element_seed<T: serde::de::DeserializeSeed<'de>>(
                &mut self,
                seed: T,
            ) -> Result<Option<T::Value>, Self::Error> {
                match std::mem::replace(&mut self.0, true) {
                    false => seed.deserialize(Endless).map(Some),
                    true => Ok(None),
                }
            }
        }
        visitor.visit_seq(Inside(false))
    }

    fn deserialize_ignored_any<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier
    }
}

#[test]
fn what_has_no_end_is_refused_without_following_it() {
    let filter = <Filter as serde::Deserialize>::deserialize(Endless).unwrap();
    assert!(filter.check().unwrap_err().to_string().contains("more than 32 deep"));
    assert!(!filter.matches(&document(json!({}))), "what could not be read lets nothing through");
    assert!(<Value as serde::Deserialize>::deserialize(Endless).is_err());
}

#[test]
fn options_tell_a_filter_that_is_wrong_by_its_own_code() {
    let options: SearchOptions = serde_json::from_str(r#"{"limit": 3, "filter": {"year": {"$near": 1}}}"#).unwrap();
    assert_eq!(options.check().unwrap_err().code(), "filter_invalid");
    assert!(serde_json::from_str::<SearchOptions>(r#"{"filters": {}}"#).is_err(), "a mistyped option");
    for (wrong, option) in [
        (json!({"limit": 0}), "limit"),
        (json!({"limit": 1_001}), "limit"),
        (json!({"diversity": 1.5}), "diversity"),
        (json!({"diversity": -0.1}), "diversity"),
        (json!({"neighbours": 11}), "neighbours"),
        (json!({"facets": vec!["x"; 101]}), "facets"),
    ] {
        let options: SearchOptions = serde_json::from_value(wrong).unwrap();
        let error = options.check().unwrap_err();
        assert!(matches!(&error, Error::OptionInvalid { option: named, .. } if named == option), "{error}");
    }
    assert!(SearchOptions { diversity: f32::NAN, ..SearchOptions::default() }.check().is_err());
    assert!(SearchOptions::default().check().is_ok());
}

#[test]
fn metadata_that_cannot_be_are_refused_with_what_can() {
    let told = |json: &str| serde_json::from_str::<Metadata>(json).unwrap_err().to_string();
    let allowed = "a text, a number, true, false, or a list of these (leave the field out for nothing)";
    assert!(told(r#"{"a": null}"#).contains(allowed));
    assert!(told(r#"{"a": {"b": 1}}"#).contains(allowed));
    assert!(told(r#"{"a": [[1]]}"#).contains("in a list of metadata only texts, numbers, true and false"));
    assert!(told(r#"{"a": [null]}"#).contains("in a list of metadata"));
    let nan = postcard::to_allocvec(&BTreeMap::from([("a", (0u8, 1u8, f64::NAN))])).unwrap();
    assert!(postcard::from_bytes::<Metadata>(&nan).is_err(), "a forged file");
    let one = postcard::to_allocvec(&BTreeMap::from([("a", (0u8, 1u8, 1.0f64))])).unwrap();
    assert!(postcard::from_bytes::<Metadata>(&one).is_ok(), "and the same as it should be");
    let from_page = serde::de::value::F64Deserializer::<serde::de::value::Error>::new(f64::INFINITY);
    let error = <Value as serde::Deserialize>::deserialize(from_page).unwrap_err().to_string();
    assert!(error.contains("must be finite: leave the field out"), "{error}");
}

#[test]
fn whole_numbers_are_written_as_they_were_given() {
    let metadata: Metadata = serde_json::from_str(r#"{"big":1e+300,"rating":4.5,"year":2020}"#).unwrap();
    assert_eq!(serde_json::to_string(&metadata).unwrap(), r#"{"big":1e+300,"rating":4.5,"year":2020}"#);
}

#[test]
fn front_matter_becomes_metadata_and_what_is_given_goes_before_it() {
    let source = Source {
        id: "a".into(),
        name: "a.md".into(),
        title: None,
        url: None,
        format: None,
        metadata: serde_json::from_str(r#"{"year": 2021}"#).unwrap(),
        warnings: Vec::new(),
        language: None,
        content: Content::Text("---\ntitle: Of maps\nyear: 2020\ntags: [maps]\nid: other\n---\n# Text\n".into()),
    };
    let document = read(source).unwrap();
    assert_eq!(document.title, "Of maps");
    assert!(matches(json!({"year": 2021, "tags": "maps", "id": "a"}), &document));
}
