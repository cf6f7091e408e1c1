//! The schema of `circuitBreaking` and the structs say the same.
//!
//! Two lists of fields drift apart. So the schema is walked: its examples are read, its bounds are broken, and its
//! fields are compared with those that the reader itself says it knows.

use serde_json::{Map, Value, json};
use tower_mesh::{
    config::{FindingKind, from_yaml, osm::CircuitBreaking},
    policy::circuit_breaker::Settings,
};

fn schema() -> Value {
    serde_json::from_str(include_str!("../../docs/schema/circuit-breaking.json")).expect("JSON")
}

/// A property of the schema, with what it refers to.
struct Property {
    path: Vec<String>,
    says: Map<String, Value>,
}

impl Property {
    fn name(&self) -> String {
        self.path.join(".")
    }

    fn example(&self) -> Value {
        self.says["examples"][0].clone()
    }

    fn is_object(&self) -> bool {
        self.says["type"] == "object"
    }
}

/// Every property, at any depth.
fn properties() -> Vec<Property> {
    fn walk(root: &Value, object: &Value, above: &[String], all: &mut Vec<Property>) {
        for (key, own) in object["properties"].as_object().expect("an object has properties") {
            let mut says = own.as_object().expect("a property is an object").clone();
            if let Some(Value::String(name)) = says.remove("$ref") {
                let meant = root.pointer(name.trim_start_matches('#')).expect("what is referred to exists");
                says.extend(meant.as_object().expect("an object").clone());
            }
            let path = [above, std::slice::from_ref(key)].concat();
            if says["type"] == "object" {
                walk(root, own, &path, all);
            }
            all.push(Property { path, says });
        }
    }
    let (root, mut all) = (schema(), Vec::new());
    walk(&root, &root, &[], &mut all);
    all
}

/// A block with nothing but this value at that path.
fn at(path: &[String], value: Value) -> Value {
    path.iter().rev().fold(value, |value, key| json!({ key: value }))
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// A property's value, and the example values of those fields that it cannot stand without.
fn with_companions(property: &Property, value: Value) -> Value {
    let companions: &[(&str, Value)] = match &*property.name() {
        "towerMesh.openTime.growthFactor" => &[("most", json!("5m"))],
        "towerMesh.openTime.most" => &[("growthFactor", json!(2))],
        "towerMesh.halfOpen.probes" => &[("errorRatio", json!(0.5))],
        "towerMesh.halfOpen.errorRatio" => &[("probes", json!(10))],
        "towerMesh.abandonedAfter" => &[("abandoned", json!("failure"))],
        _ => &[],
    };
    let mut block = at(&property.path, value);
    for (name, value) in companions {
        let mut path = property.path.clone();
        *path.last_mut().expect("a name") = (*name).to_owned();
        merge(&mut block, at(&path, value.clone()));
    }
    block
}

/// What the schema forbids.
fn wrong(property: &Property) -> Vec<Value> {
    let says = |key: &str| property.says.get(key).and_then(Value::as_f64);
    // Whole numbers must be written as such: 0 is, 0.0 is not.
    let number = |value: f64| match property.says["type"] == "integer" {
        true => json!(value as i64),
        false => json!(value),
    };
    let mut wrong = vec![json!([])];
    wrong.extend(says("minimum").map(|least| number(least - 1.0)));
    wrong.extend(says("exclusiveMinimum").map(number));
    wrong.extend(says("maximum").map(|most| number(most + 1.0)));
    if property.says.contains_key("enum") {
        wrong.push(json!("nonsense"));
    }
    if let Some(pattern) = property.says.get("pattern").and_then(Value::as_str) {
        wrong.extend(["-1s", "1d", "60"].map(Value::from));
        if pattern.contains("(?=.*[1-9])") {
            wrong.push(json!("0s"));
        }
    }
    wrong
}

/// The outermost of what the schema allows.
fn bounds(property: &Property) -> Vec<Value> {
    let bounds = ["minimum", "maximum"].into_iter().filter_map(|bound| property.says.get(bound).cloned());
    let choices = property.says.get("enum").and_then(Value::as_array).cloned().unwrap_or_default();
    bounds.chain(choices).collect()
}

/// The path that is complained about, if there is a complaint.
fn complaint(block: &Value) -> Option<String> {
    match from_yaml::<CircuitBreaking>(&block.to_string()) {
        Err(errors) => errors.iter().next().map(|error| error.path().to_owned()),
        Ok((block, _)) => {
            let invalid = Settings::try_from(block).err()?;
            let quoted = invalid.to_string();
            quoted.split('`').nth(1).map(str::to_owned)
        }
    }
}

#[test]
fn every_example_of_the_schema_is_read_and_means_something() {
    for property in properties().iter().filter(|property| !property.is_object()) {
        let block = with_companions(property, property.example());
        let (read, findings) = from_yaml::<CircuitBreaking>(&block.to_string()).expect("it reads");
        assert_eq!(findings, [], "{}", property.name());
        assert_eq!(complaint(&block), None, "{}", property.name());
        let kept = serde_json::to_value(read).expect("it serialises");
        assert!(kept.pointer(&format!("/{}", property.path.join("/"))).is_some(), "{}", property.name());
    }
    for example in schema()["examples"].as_array().expect("examples") {
        assert_eq!(complaint(example), None, "{example}");
        assert_eq!(from_yaml::<CircuitBreaking>(&example.to_string()).expect("it reads").1, []);
    }
}

#[test]
fn the_bounds_of_the_schema_are_allowed() {
    for property in properties() {
        for value in bounds(&property) {
            let block = with_companions(&property, value);
            assert_eq!(complaint(&block), None, "{block}");
        }
    }
}

#[test]
fn what_the_schema_forbids_is_refused_and_named() {
    for property in properties() {
        for value in wrong(&property) {
            let block = with_companions(&property, value);
            let complaint = complaint(&block);
            assert_eq!(complaint.as_deref(), Some(&*property.name()), "{block}");
        }
    }
    for wrong in [
        json!({"towerMesh": {"slidingBuckets": 10, "lastCalls": 10}}),
        json!({"towerMesh": {"abandonedAfter": "1s"}}),
        json!({"towerMesh": {"openTime": {"growthFactor": 2}}}),
        json!({"towerMesh": {"openTime": {"most": "1m"}}}),
        json!({"towerMesh": {"halfOpen": {"probes": 1}}}),
        json!({"towerMesh": {"halfOpen": {"errorRatio": 0.5}}}),
        json!({"towerMesh": {"halfOpen": {"probes": 1, "errorRatio": 0.5, "failures": 1}}}),
        json!({"degradedStatusCode": 100}),
    ] {
        assert!(complaint(&wrong).is_some(), "{wrong}");
    }
}

#[test]
fn the_schema_has_the_fields_of_the_structs_and_no_others() {
    let all = properties();
    let objects = all.iter().filter(|property| property.is_object()).map(|property| property.path.clone());
    for path in std::iter::once(Vec::new()).chain(objects) {
        let unknown = at(&path, json!({"x": 0}));
        let (_, findings) = from_yaml::<CircuitBreaking>(&unknown.to_string()).expect("it reads");
        let [finding] = &*findings else { panic!("{path:?}: {findings:?}") };
        let FindingKind::UnknownField { accepted, .. } = &finding.kind else { panic!("{finding}") };
        let mut known = accepted.clone();
        let mut described: Vec<&str> = all
            .iter()
            .filter_map(|property| property.path.split_last().filter(|(_, above)| *above == path))
            .map(|(name, _)| name.as_str())
            .collect();
        known.sort_unstable();
        described.sort_unstable();
        assert_eq!(described, known, "{path:?}");
    }
}

#[test]
fn the_schema_describes_each_field_and_lets_no_other_in() {
    let root = schema();
    assert_eq!(root["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(root["additionalProperties"], false);
    for property in properties() {
        let name = property.name();
        assert!(property.says["title"].is_string() && property.says["description"].is_string(), "{name}");
        match property.is_object() {
            true => assert_eq!(property.says["additionalProperties"], false, "{name}"),
            false => assert!(property.says["examples"][0] != Value::Null, "{name}"),
        }
    }
}

#[test]
fn the_defaults_of_the_schema_are_those_of_the_settings() {
    for property in properties() {
        let Some(default) = property.says.get("default") else { continue };
        let mut above = at(&property.path[..property.path.len() - 1], json!({}));
        let plain = from_yaml::<CircuitBreaking>(&above.to_string()).expect("it reads").0;
        merge(&mut above, at(&property.path, default.clone()));
        let told = from_yaml::<CircuitBreaking>(&above.to_string()).expect("it reads").0;
        let (plain, told) = (Settings::try_from(plain), Settings::try_from(told));
        assert_eq!(told, plain, "{}", property.name());
    }
}
