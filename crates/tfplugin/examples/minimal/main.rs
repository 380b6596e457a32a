//! A provider that does nothing: the peer, in the benchmark `peer`, of the lab's program `plugin-peer`, which offers the
//! same schema on terraform-plugin-framework.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use tfplugin::schema::{Attribute, Block, NestedBlock, Schema};
use tfplugin::{
    Create, Field, Model, Outcome, Provider, Registry, Resource, ResourceContext, Setup, Type, Update,
};

struct Minimal;

/// The provider block.
#[derive(Model)]
struct MinimalModel {
    #[allow(dead_code, reason = "read, as a provider does, and not used")]
    region: Field<String>,
}

impl Provider for Minimal {
    type Model = MinimalModel;
    type Data = ();

    const ADDRESS: &'static str = "registry.terraform.io/example/minimal";
    const LOG_TARGETS: &'static [&'static str] = &["minimal"];

    fn schema(&self) -> Schema {
        Schema::new("Does nothing.").attribute("region", Attribute::string("Where.").optional())
    }

    fn register(&self, registry: &mut Registry<Self>) {
        registry.resource(Item);
    }

    async fn configure(&self, _: MinimalModel, _: &Setup) -> Outcome<()> {
        Outcome::new(())
    }
}

struct Item;

/// Configuration, plan and state.
#[derive(Clone, Model)]
struct ItemModel {
    name: Field<String>,
    size: Field<i64>,
    load: Field<f64>,
    enabled: Field<bool>,
    tags: Field<BTreeMap<String, Field<String>>>,
    zones: Field<BTreeSet<Field<String>>>,
    id: Field<String>,
    rule: Field<Vec<Rule>>,
}

/// One block.
#[derive(Clone, Model)]
struct Rule {
    action: Field<String>,
    port: Field<i64>,
}

impl Resource for Item {
    type Data = ();
    type Model = ItemModel;

    const TYPE: &'static str = "minimal_item";

    fn schema(&self) -> Schema {
        let rule = Block::new("A rule; the order counts.")
            .attribute("action", Attribute::string("What to do.").required())
            .attribute("port", Attribute::number("Which.").optional());
        Schema::new("An item.")
            .attribute("name", Attribute::string("Its name.").required().requires_replace())
            .attribute("size", Attribute::number("Its size.").default(10_i64))
            .attribute("load", Attribute::number("Its load.").optional())
            .attribute("enabled", Attribute::bool("Whether it is on.").optional())
            .attribute("tags", Attribute::map(Type::String, "Free text by name.").optional())
            .attribute("zones", Attribute::set(Type::String, "Where it may stand.").optional())
            .attribute("id", Attribute::string("Its identifier.").computed().keep_prior())
            .block("rule", NestedBlock::list(rule))
    }

    async fn create(&self, create: Create<ItemModel>, _: &ResourceContext<Self>) -> Outcome<ItemModel> {
        let id = create.planned.name.clone();
        Outcome::new(ItemModel { id, ..create.planned })
    }

    async fn read(&self, state: ItemModel, _: &ResourceContext<Self>) -> Outcome<Option<ItemModel>> {
        Outcome::new(Some(state))
    }

    async fn update(&self, update: Update<ItemModel>, _: &ResourceContext<Self>) -> Outcome<ItemModel> {
        Outcome::new(update.planned)
    }

    async fn delete(&self, _: ItemModel, _: &ResourceContext<Self>) -> Outcome<()> {
        Outcome::new(())
    }
}

fn main() -> ExitCode {
    tfplugin::serve(Minimal)
}
