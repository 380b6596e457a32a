use super::*;

fn ask(zone: &Zone, name: &str, kind: RecordType) -> Message {
    let mut query = Message::query();
    query.metadata.id = 7;
    query.add_query(hickory_proto::op::Query::query(Name::from_utf8(name).unwrap(), kind));
    Message::from_vec(&zone.answer(&query.to_vec().unwrap()).unwrap()).unwrap()
}

fn zone() -> Zone {
    let names = Names::default();
    names.set("api.lab.example", &[Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2)]);
    Zone::outside(names)
}

#[test]
fn a_known_name_has_its_addresses_in_any_case() {
    let answer = ask(&zone(), "API.lab.example.", RecordType::A);
    assert_eq!(answer.metadata.id, 7);
    assert_eq!(answer.metadata.response_code, ResponseCode::NoError);
    let addresses: Vec<String> = answer.answers.iter().map(|record| record.data.to_string()).collect();
    assert_eq!(addresses, ["192.0.2.1", "192.0.2.2"]);
}

#[test]
fn a_known_name_has_no_records_of_other_types_but_exists() {
    let answer = ask(&zone(), "api.lab.example.", RecordType::AAAA);
    assert_eq!(answer.metadata.response_code, ResponseCode::NoError);
    assert!(answer.answers.is_empty());
}

#[test]
fn an_unknown_name_does_not_exist() {
    let zone = zone();
    assert_eq!(
        ask(&zone, "nobody.lab.example.", RecordType::A).metadata.response_code,
        ResponseCode::NXDomain
    );
    zone.names.set("api.lab.example", &[]);
    assert_eq!(ask(&zone, "api.lab.example.", RecordType::A).metadata.response_code, ResponseCode::NXDomain);
}
