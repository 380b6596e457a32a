//! The parser: tokens to trees. Rules and messages are those of `text/template/parse/parse.go`.

mod number;
mod pipeline;

use std::rc::Rc;

use super::lex::{Kind, Lexed, Token, lex};
use super::node::{Branch, Node, Tree};
use super::signature::Function;
use crate::golang::quote::{quote, unquote};

/// Why a template does not parse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("template: {name}:{line}: {message}")]
pub(crate) struct ParseError {
    /// The template.
    pub(crate) name: String,
    /// The line, from 1.
    pub(crate) line: usize,
    /// What is wrong.
    pub(crate) message: String,
}

/// Parentheses and blocks nested deeper than this are refused.
const MAX_DEPTH: usize = 1000;

/// Parses one file: the tree of the file itself first, then those that it defines.
///
/// `function` says what functions there are.
pub(crate) fn parse<'t>(
    name: &str,
    text: &'t str,
    function: &dyn Fn(&str) -> Option<&'static Function>,
) -> Result<Vec<Tree<'t>>, ParseError> {
    let Lexed { tokens, problem } = lex(text);
    let mut parser = Parser {
        name: Rc::from(name),
        text,
        tokens,
        problem: &problem,
        next: 0,
        furthest: 0,
        variables: vec!["$"],
        trees: Vec::new(),
        action_line: 0,
        range_depth: 0,
        depth: 0,
        function,
    };
    parser.file()?;
    Ok(parser.trees)
}

struct Parser<'a, 't> {
    name: Rc<str>,
    text: &'t str,
    tokens: Vec<Token<'t>>,
    /// What is wrong where the tokens end in an error.
    problem: &'a str,
    next: usize,
    /// The last token that was looked at: errors name its line.
    furthest: usize,
    variables: Vec<&'t str>,
    trees: Vec<Tree<'t>>,
    action_line: usize,
    range_depth: usize,
    depth: usize,
    function: &'a dyn Fn(&str) -> Option<&'static Function>,
}

/// What ends a list of nodes.
enum Terminator {
    End,
    /// The token after `else`, if it continues the chain.
    Else(Option<Kind>),
}

impl std::fmt::Display for Terminator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::End => "{{end}}",
            Self::Else(_) => "{{else}}",
        })
    }
}

enum Item<'t> {
    Node(Node<'t>),
    Terminator(Terminator),
}

type Result<T, E = ParseError> = std::result::Result<T, E>;

impl<'t> Parser<'_, 't> {
    fn error<T>(&self, message: impl Into<String>) -> Result<T> {
        let line = self.tokens.get(self.furthest).map_or(1, |token| token.line);
        Err(ParseError { name: self.name.to_string(), line, message: message.into() })
    }

    fn unexpected<T>(&self, token: &Token<'_>, context: &str) -> Result<T> {
        if token.kind == Kind::Error {
            let mut extra = String::new();
            if self.action_line != 0 && self.action_line != token.line {
                extra = format!(" in action started at {}:{}", self.name, self.action_line);
                if self.problem.ends_with(" action") {
                    extra = extra[" in action".len()..].to_owned();
                }
            }
            return self.error(format!("{}{extra}", self.problem));
        }
        self.error(format!("unexpected {token} in {context}"))
    }

    fn take(&mut self) -> Token<'t> {
        let last = self.tokens.len() - 1;
        let index = self.next.min(last);
        self.furthest = self.furthest.max(index);
        self.next = index + 1;
        self.tokens[index]
    }

    fn peek(&mut self) -> &Token<'t> {
        let index = self.next.min(self.tokens.len() - 1);
        self.furthest = self.furthest.max(index);
        &self.tokens[index]
    }

    fn take_non_space(&mut self) -> Token<'t> {
        loop {
            let token = self.take();
            if token.kind != Kind::Space {
                return token;
            }
        }
    }

    /// Skips blanks and shows what follows.
    fn peek_non_space(&mut self) -> Token<'t> {
        while self.peek().kind == Kind::Space {
            self.next += 1;
        }
        *self.peek()
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Result<Token<'t>> {
        let token = self.take_non_space();
        if token.kind == kind { Ok(token) } else { self.unexpected(&token, context) }
    }

    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= MAX_DEPTH {
            return self.error("max expression depth exceeded");
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn file(&mut self) -> Result<()> {
        let mut root = Vec::new();
        while self.peek().kind != Kind::Eof {
            if self.peek().kind == Kind::LeftDelim {
                let start = self.next;
                self.take();
                if self.take_non_space().kind == Kind::Define {
                    self.definition()?;
                    continue;
                }
                self.next = start;
            }
            match self.text_or_action()? {
                Item::Node(node) => root.push(node),
                Item::Terminator(terminator) => return self.error(format!("unexpected {terminator}")),
            }
        }
        self.add(Rc::clone(&self.name), root)
    }

    fn add(&mut self, name: Rc<str>, root: Vec<Node<'t>>) -> Result<()> {
        let tree = Tree { name, parse_name: Rc::clone(&self.name), text: self.text, root };
        match self.trees.iter_mut().find(|known| known.name == tree.name) {
            None => self.trees.push(tree),
            Some(known) if known.is_empty() => *known = tree,
            Some(_) if tree.is_empty() => {}
            Some(_) => {
                let name = quote(tree.name.as_bytes());
                return self.error(format!("template: multiple definition of template {name}"));
            }
        }
        Ok(())
    }

    fn definition(&mut self) -> Result<()> {
        const CONTEXT: &str = "define clause";
        let token = self.take_non_space();
        if !matches!(token.kind, Kind::String | Kind::RawString) {
            return self.unexpected(&token, CONTEXT);
        }
        let name = self.unquoted(token.text)?;
        self.expect(Kind::RightDelim, CONTEXT)?;
        let outer = std::mem::replace(&mut self.variables, vec!["$"]);
        let outer_ranges = std::mem::take(&mut self.range_depth);
        let (root, terminator) = self.item_list()?;
        self.variables = outer;
        self.range_depth = outer_ranges;
        if !matches!(terminator, Terminator::End) {
            return self.error(format!("unexpected {terminator} in {CONTEXT}"));
        }
        self.add(Rc::from(name), root)
    }

    fn unquoted(&self, literal: &str) -> Result<String> {
        match unquote(literal).map(String::from_utf8) {
            Some(Ok(text)) => Ok(text),
            _ => self.error("invalid syntax"),
        }
    }

    fn item_list(&mut self) -> Result<(Vec<Node<'t>>, Terminator)> {
        self.nested(|parser| {
            let mut list = Vec::new();
            while parser.peek_non_space().kind != Kind::Eof {
                match parser.text_or_action()? {
                    Item::Node(node) => list.push(node),
                    Item::Terminator(terminator) => return Ok((list, terminator)),
                }
            }
            parser.error("unexpected EOF")
        })
    }

    fn text_or_action(&mut self) -> Result<Item<'t>> {
        let token = self.take_non_space();
        match token.kind {
            Kind::Text => Ok(Item::Node(Node::Text(token.text))),
            Kind::LeftDelim => {
                self.action_line = token.line;
                let item = self.action()?;
                self.action_line = 0;
                Ok(item)
            }
            _ => self.unexpected(&token, "input"),
        }
    }

    fn action(&mut self) -> Result<Item<'t>> {
        let token = self.peek_non_space();
        self.next += 1;
        let node = match token.kind {
            Kind::Block => self.block()?,
            Kind::Break => self.loop_control("{{break}}", Node::Break)?,
            Kind::Continue => self.loop_control("{{continue}}", Node::Continue)?,
            Kind::Else => {
                let following = self.peek_non_space();
                let chained = matches!(following.kind, Kind::If | Kind::With).then_some(following.kind);
                if chained.is_none() {
                    self.expect(Kind::RightDelim, "else")?;
                }
                return Ok(Item::Terminator(Terminator::Else(chained)));
            }
            Kind::End => {
                self.expect(Kind::RightDelim, "end")?;
                return Ok(Item::Terminator(Terminator::End));
            }
            Kind::If => Node::If(self.control("if")?),
            Kind::Range => Node::Range(self.control("range")?),
            Kind::With => Node::With(self.control("with")?),
            Kind::Template => self.template()?,
            _ => {
                self.next -= 1;
                Node::Action(self.pipeline("command", Kind::RightDelim)?)
            }
        };
        Ok(Item::Node(node))
    }

    fn loop_control(&mut self, text: &str, node: Node<'t>) -> Result<Node<'t>> {
        let token = self.take_non_space();
        if token.kind != Kind::RightDelim {
            return self.unexpected(&token, text);
        }
        if self.range_depth == 0 {
            return self.error(format!("{text} outside {{{{range}}}}"));
        }
        Ok(node)
    }

    fn control(&mut self, context: &str) -> Result<Branch<'t>> {
        let variables = self.variables.len();
        let branch = self.branch(context)?;
        self.variables.truncate(variables);
        Ok(branch)
    }

    fn branch(&mut self, context: &str) -> Result<Branch<'t>> {
        let pipe = self.pipeline(context, Kind::RightDelim)?;
        let is_range = usize::from(context == "range");
        self.range_depth += is_range;
        let (list, terminator) = self.item_list()?;
        self.range_depth -= is_range;
        let else_list = match terminator {
            Terminator::End => None,
            Terminator::Else(Some(Kind::If)) if context == "if" => {
                self.take_non_space();
                Some(vec![Node::If(self.nested(|parser| parser.control("if"))?)])
            }
            Terminator::Else(Some(Kind::With)) if context == "with" => {
                self.take_non_space();
                Some(vec![Node::With(self.nested(|parser| parser.control("with"))?)])
            }
            Terminator::Else(_) => {
                let (list, terminator) = self.item_list()?;
                if !matches!(terminator, Terminator::End) {
                    return self.error(format!("expected end; found {terminator}"));
                }
                Some(list)
            }
        };
        Ok(Branch { pipe, list, else_list })
    }

    fn block(&mut self) -> Result<Node<'t>> {
        const CONTEXT: &str = "block clause";
        let token = self.take_non_space();
        let name = self.template_name(&token, CONTEXT)?;
        let pipe = self.pipeline(CONTEXT, Kind::RightDelim)?;
        let outer = std::mem::replace(&mut self.variables, vec!["$"]);
        let outer_ranges = std::mem::take(&mut self.range_depth);
        let (root, terminator) = self.item_list()?;
        self.variables = outer;
        self.range_depth = outer_ranges;
        if !matches!(terminator, Terminator::End) {
            return self.error(format!("unexpected {terminator} in {CONTEXT}"));
        }
        self.add(Rc::from(name.as_str()), root)?;
        Ok(Node::Template { position: token.position, name, pipe: Some(pipe) })
    }

    fn template(&mut self) -> Result<Node<'t>> {
        const CONTEXT: &str = "template clause";
        let token = self.take_non_space();
        let name = self.template_name(&token, CONTEXT)?;
        let mut pipe = None;
        if self.peek_non_space().kind == Kind::RightDelim {
            self.take();
        } else {
            pipe = Some(self.pipeline(CONTEXT, Kind::RightDelim)?);
        }
        Ok(Node::Template { position: token.position, name, pipe })
    }

    fn template_name(&mut self, token: &Token<'_>, context: &str) -> Result<String> {
        match token.kind {
            Kind::String | Kind::RawString => self.unquoted(token.text),
            _ => self.unexpected(token, context),
        }
    }
}
