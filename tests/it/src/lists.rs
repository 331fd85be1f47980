//! Searching, filtering, ordering and paging connections; waking machines.

use crate::app::App;
use serde_json::{Value, json};

#[tokio::test]
async fn connections_are_found_by_text_filters_order_and_page() {
    let app = App::start().await;
    let group = app.ok("PUT", "/group", json!({"name": "g"})).await["group_uid"].clone();
    for body in [
        json!({"name": "Alpha", "host": "10.0.0.3", "tags": ["red", "old"], "favorite": true}),
        json!({"name": "beta", "host": "10.0.0.1", "port": 5999, "tags": ["red"], "category_uid": group}),
        json!({"name": "Gamma", "host": "10.0.0.2", "protocol": "RDP", "notes": "in the ÄRGER room"}),
        json!({"name": "delta"}),
    ] {
        app.connection(body).await;
    }
    let group = group.as_str().unwrap();
    for (query, expected) in [
        ("", "Alpha beta delta Gamma"),
        ("q=ALPHA", "Alpha"),
        ("q=%C3%A4rger", "Gamma"),
        ("q=10.0.0", "Alpha beta Gamma"),
        ("q=red", "Alpha beta"),
        ("filter=tags==red", "Alpha beta"),
        ("filter=tags==old,new", "Alpha"),
        ("filter=tags==red&filter=favorite==false", "beta"),
        ("filter=tags==", "delta Gamma"),
        ("filter=protocol==RDP,SSH", "Gamma"),
        ("filter=port==5999", "beta"),
        ("filter=host==", "delta"),
        (&format!("filter=category_uid=={group}"), "beta"),
        ("q=red&filter=name==beta", "beta"),
        ("sortReverse=1", "Gamma delta beta Alpha"),
        ("sortBy=host", "delta beta Gamma Alpha"),
        ("sortBy=protocol", "Gamma Alpha beta delta"),
        ("sortBy=favorite", "Alpha beta delta Gamma"),
        ("start=1&limit=2", "beta delta"),
        ("start=9", ""),
        ("sortBy=host&sortReverse=true&limit=1", "Alpha"),
    ] {
        let found = app
            .ok("GET", &format!("/connections?{query}"), Value::Null)
            .await;
        let names: Vec<_> = found
            .as_array()
            .unwrap()
            .iter()
            .map(|found| found["name"].as_str().unwrap())
            .collect();
        assert_eq!(names.join(" "), expected, "{query}");
    }
    for (query, property) in [
        ("filter=colour==red", "filter"),
        ("filter=tags", "filter"),
        ("sortBy=age", "sortBy"),
        ("sortReverse=maybe", "sortReverse"),
        ("limit=0", "limit"),
        ("start=-1", "start"),
        ("limit=5&limit=6", "limit"),
        ("sort=name", "sort"),
    ] {
        let (status, answer) = app
            .call("GET", &format!("/connections?{query}"), Value::Null)
            .await;
        assert_eq!(
            (status.as_u16(), answer["property"].as_str()),
            (400, Some(property)),
            "{query}"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn a_machine_without_an_address_to_wake_is_named() {
    let app = App::start().await;
    let uid = app.connection(json!({"name": "a"})).await;
    let (status, answer) = app
        .call("ACTION", &format!("/connection/{uid}/wake"), Value::Null)
        .await;
    assert_eq!(
        (status.as_u16(), answer["property"].as_str()),
        (409, Some("mac"))
    );
    app.stop().await;
}
