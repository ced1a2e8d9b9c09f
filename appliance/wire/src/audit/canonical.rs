use serde::Serialize;
use serde_json::Value;

use super::AuditEvent;

/// The bytes of an event that are hashed: JSON with sorted keys and without spaces.
#[must_use]
pub fn canonical(event: &AuditEvent) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    write(&serde_json::to_value(event).unwrap_or_default(), &mut bytes);
    bytes
}

fn write(value: &Value, bytes: &mut Vec<u8>) {
    match value {
        Value::Object(fields) => {
            // Whether the map is sorted depends on how the crate that holds it was built.
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_by_key(|it| it.0);
            bytes.push(b'{');
            for (place, (name, value)) in sorted.into_iter().enumerate() {
                if place > 0 {
                    bytes.push(b',');
                }
                write_plain(name, bytes);
                bytes.push(b':');
                write(value, bytes);
            }
            bytes.push(b'}');
        }
        Value::Array(values) => {
            bytes.push(b'[');
            for (place, value) in values.iter().enumerate() {
                if place > 0 {
                    bytes.push(b',');
                }
                write(value, bytes);
            }
            bytes.push(b']');
        }
        plain => write_plain(plain, bytes),
    }
}

/// Nothing that has keys; a vector takes every byte.
fn write_plain(value: &impl Serialize, bytes: &mut Vec<u8>) {
    let _ = serde_json::to_writer(bytes, value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::chain::tests::an_event;

    #[test]
    fn the_bytes_of_an_event_are_stable() {
        let expected = concat!(
            r#"{"action":"user.changed","actor":{"id":"00000000-0000-0000-0000-000000000001","kind":"user","name":"ana","token":null},"#,
            r#""address":"192.0.2.1","after":{"display_name":"Tom \"T\" Ä\n","enabled":false},"at":1700000000000,"#,
            r#""before":{"display_name":"Tom","enabled":true},"message":"","#,
            r#""object":{"id":"00000000-0000-0000-0000-000000000002","kind":"user","name":"tom"},"outcome":"succeeded","sequence":1}"#,
        );
        assert_eq!(String::from_utf8(canonical(&an_event(1))).unwrap(), expected);
    }

    #[test]
    fn keys_are_sorted_in_every_depth() {
        let mut bytes = Vec::new();
        write(&serde_json::json!({ "b": [{ "z": 1, "a": null }, -2, "x"], "a": {}, "B": [] }), &mut bytes);
        assert_eq!(String::from_utf8(bytes).unwrap(), r#"{"B":[],"a":{},"b":[{"a":null,"z":1},-2,"x"]}"#);
    }
}
