//! The change set, for people.

use std::error::Error;

use ssa::{Action, Change, FieldChange, FieldValue};

pub fn change(change: &Change) {
    let Change { id, action } = change;
    match action {
        Action::Created => println!("+ {id}"),
        Action::Deleted => println!("- {id}"),
        Action::Unchanged => println!("  {id}"),
        Action::Left => println!("  {id} (left to its owner)"),
        Action::Foreign { managers, owner: None } => {
            println!("! {id} was made by others: {}", managers.join(", "));
        }
        Action::Foreign { owner: Some(owner), .. } => println!("! {id} belongs to {owner}"),
        Action::Changed { fields, acquired } => {
            println!("~ {id}");
            fields.iter().for_each(field);
            for path in acquired {
                println!("    {path} becomes ours");
            }
        }
        Action::Recreated { immutable, fields } => {
            let immutable: Vec<String> = immutable.iter().map(ToString::to_string).collect();
            println!("± {id}, because {} cannot change", immutable.join(", "));
            fields.iter().for_each(field);
        }
        Action::Conflict { conflicts, fields } => {
            println!("! {id}");
            for conflict in conflicts {
                println!("    {conflict}");
            }
            fields.iter().for_each(field);
        }
    }
}

fn field(field: &FieldChange) {
    let show = |value: &Option<FieldValue>| value.as_ref().map_or("absent".to_owned(), ToString::to_string);
    println!("    {}: {} -> {}", field.path, show(&field.before), show(&field.after));
}

/// An error with its causes, in one line.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
