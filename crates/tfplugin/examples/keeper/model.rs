//! What a `keeper_server` is made of: every kind of attribute and block.

use std::collections::{BTreeMap, BTreeSet};

use tfplugin::schema::{Attribute, Block, NestedBlock, Schema, between, not_empty, one_of};
use tfplugin::{Dynamic, Field, Model, Timeouts, Type};

/// Configuration, plan and state.
#[derive(Clone, Model)]
pub struct ServerModel {
    pub name: Field<String>,
    pub size: Field<i64>,
    pub load: Field<f64>,
    pub tags: Field<BTreeMap<String, String>>,
    pub zones: Field<BTreeSet<String>>,
    pub settings: Field<Dynamic>,
    pub password_wo: Field<String>,
    pub password_version: Field<i64>,
    pub behaviour: Field<String>,
    pub address: Field<String>,
    pub revision: Field<i64>,
    pub manifests: Field<Manifests>,
    pub owner: Field<Owner>,
    pub limits: Field<Limits>,
    pub disk: Field<BTreeMap<String, Disk>>,
    pub rule: Field<Vec<Rule>>,
    pub port: Field<Vec<Port>>,
    pub timeouts: Field<Timeouts>,
}

/// File → key → value: each leaf is known or not by itself.
pub type Manifests = BTreeMap<String, Field<BTreeMap<String, Field<String>>>>;

/// A SINGLE block.
#[derive(Clone, Debug, Model)]
pub struct Owner {
    pub name: Field<String>,
}

/// A GROUP block.
#[derive(Clone, Debug, Model)]
pub struct Limits {
    pub memory: Field<i64>,
}

/// A MAP block with a `dynamic` attribute, which Terraform core sends as an object.
#[derive(Clone, Debug, Model)]
pub struct Disk {
    pub size: Field<i64>,
    pub mode: Field<String>,
    pub id: Field<String>,
    pub options: Field<Dynamic>,
}

/// A LIST block with a block in it.
#[derive(Clone, Debug, Model)]
pub struct Rule {
    pub action: Field<String>,
    pub from: Field<Vec<Source>>,
}

/// A block in a block.
#[derive(Clone, Debug, Model)]
pub struct Source {
    pub cidr: Field<String>,
}

/// A SET block.
#[derive(Clone, Debug, Model)]
pub struct Port {
    pub number: Field<i64>,
    pub protocol: Field<String>,
}

/// What may stand in the block.
pub fn schema() -> Schema {
    let number = |text: &str| Attribute::number(text);
    let text = |text: &str| Attribute::string(text);
    Schema::new("A server.")
        .version(1)
        .attribute("name", text("Its name.").required().requires_replace().validator(not_empty()))
        .attribute("size", number("Its size.").default(10_i64).validator(between(1, 1000)))
        .attribute("load", number("Its load.").optional())
        .attribute("tags", Attribute::map(Type::String, "Free text by name.").optional())
        .attribute("zones", Attribute::set(Type::String, "Where it may stand.").optional())
        .attribute("settings", Attribute::dynamic("Anything.").optional())
        .attribute("password_wo", text("A secret that state never holds.").optional().write_only())
        .attribute("password_version", number("Raise it to send the secret again.").optional())
        .attribute("behaviour", text("How it fails, for tests.").optional())
        .attribute("address", text("Where it answers.").computed().keep_prior())
        .attribute("revision", number("How often it was written.").computed())
        .attribute("manifests", Attribute::map(Type::map(Type::String), "What is written.").computed())
        .block("owner", NestedBlock::single(owner_block()))
        .block("limits", NestedBlock::group(limits_block()))
        .block("disk", NestedBlock::map(disk_block()))
        .block("rule", NestedBlock::list(rule_block()).max(5))
        .block("port", NestedBlock::set(port_block()))
        .block("timeouts", Timeouts::block())
}

fn owner_block() -> Block {
    Block::new("Who pays.").attribute("name", Attribute::string("A name.").required())
}

fn limits_block() -> Block {
    Block::new("Limits.").attribute("memory", Attribute::number("In MiB.").optional())
}

fn disk_block() -> Block {
    Block::new("A disk by its name.")
        .attribute("size", Attribute::number("In GiB.").default(5_i64))
        .attribute("mode", Attribute::string("How.").optional().validator(one_of(["ro", "rw"])))
        .attribute("id", Attribute::string("Its identifier.").computed().keep_prior())
        .attribute("options", Attribute::dynamic("Anything.").optional())
}

fn rule_block() -> Block {
    let source = Block::new("A source.").attribute("cidr", Attribute::string("A network.").required());
    Block::new("A rule; the order counts.")
        .attribute("action", Attribute::string("What to do.").required())
        .block("from", NestedBlock::list(source))
}

fn port_block() -> Block {
    Block::new("An open port.")
        .attribute("number", Attribute::number("Which.").required())
        .attribute("protocol", Attribute::string("TCP or UDP.").default("tcp".to_owned()))
}

/// What the plan can say of the files: a leaf is unknown where its input is.
pub fn manifests(model: &ServerModel) -> Field<Manifests> {
    let leaves = BTreeMap::from([
        ("name".to_owned(), model.name.clone()),
        ("size".to_owned(), model.size.as_ref().map(ToString::to_string)),
    ]);
    Field::Known(BTreeMap::from([("main.json".to_owned(), Field::Known(leaves))]))
}

/// A state in which nothing is set.
pub fn empty() -> ServerModel {
    ServerModel {
        name: Field::Null,
        size: Field::Null,
        load: Field::Null,
        tags: Field::Null,
        zones: Field::Null,
        settings: Field::Null,
        password_wo: Field::Null,
        password_version: Field::Null,
        behaviour: Field::Null,
        address: Field::Null,
        revision: Field::Null,
        manifests: Field::Null,
        owner: Field::Null,
        limits: Field::Known(Limits { memory: Field::Null }),
        disk: Field::Known(BTreeMap::new()),
        rule: Field::Known(Vec::new()),
        port: Field::Known(Vec::new()),
        timeouts: Field::Null,
    }
}
