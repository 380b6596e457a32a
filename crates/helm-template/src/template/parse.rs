//! The parser: tokens to trees. Rules and messages are those of `text/template/parse/parse.go`.

use std::rc::Rc;

use super::lex::{Kind, Token, lex};
use super::node::{Branch, Command, Node, Number, Operand, OperandKind, Pipe, Tree};
use crate::golang::number::{parse_float, parse_int, parse_uint};
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
/// `is_function` says which identifiers are functions.
pub(crate) fn parse(
    name: &str,
    text: &str,
    is_function: &dyn Fn(&str) -> bool,
) -> Result<Vec<Tree>, ParseError> {
    let mut parser = Parser {
        name: Rc::from(name),
        text: Rc::from(text),
        tokens: lex(text),
        next: 0,
        furthest: 0,
        variables: vec!["$".into()],
        trees: Vec::new(),
        action_line: 0,
        range_depth: 0,
        depth: 0,
        is_function,
    };
    parser.file()?;
    Ok(parser.trees)
}

struct Parser<'a> {
    name: Rc<str>,
    text: Rc<str>,
    tokens: Vec<Token>,
    next: usize,
    /// The last token that was looked at: errors name its line.
    furthest: usize,
    variables: Vec<Rc<str>>,
    trees: Vec<Tree>,
    action_line: usize,
    range_depth: usize,
    depth: usize,
    is_function: &'a dyn Fn(&str) -> bool,
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

enum Item {
    Node(Node),
    Terminator(Terminator),
}

type Result<T, E = ParseError> = std::result::Result<T, E>;

impl Parser<'_> {
    fn error<T>(&self, message: impl Into<String>) -> Result<T> {
        let line = self.tokens.get(self.furthest).map_or(1, |token| token.line);
        Err(ParseError { name: self.name.to_string(), line, message: message.into() })
    }

    fn unexpected<T>(&self, token: &Token, context: &str) -> Result<T> {
        if token.kind == Kind::Error {
            let mut extra = String::new();
            if self.action_line != 0 && self.action_line != token.line {
                extra = format!(" in action started at {}:{}", self.name, self.action_line);
                if token.text.ends_with(" action") {
                    extra = extra[" in action".len()..].to_owned();
                }
            }
            return self.error(format!("{token}{extra}"));
        }
        self.error(format!("unexpected {token} in {context}"))
    }

    fn take(&mut self) -> Token {
        let last = self.tokens.len() - 1;
        let index = self.next.min(last);
        self.furthest = self.furthest.max(index);
        self.next = index + 1;
        self.tokens[index].clone()
    }

    fn peek(&mut self) -> &Token {
        let index = self.next.min(self.tokens.len() - 1);
        self.furthest = self.furthest.max(index);
        &self.tokens[index]
    }

    fn take_non_space(&mut self) -> Token {
        loop {
            let token = self.take();
            if token.kind != Kind::Space {
                return token;
            }
        }
    }

    /// Skips blanks and shows what follows.
    fn peek_non_space(&mut self) -> Token {
        while self.peek().kind == Kind::Space {
            self.next += 1;
        }
        self.peek().clone()
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Result<Token> {
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

    fn add(&mut self, name: Rc<str>, root: Vec<Node>) -> Result<()> {
        let tree = Tree { name, parse_name: Rc::clone(&self.name), text: Rc::clone(&self.text), root };
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
        let name = self.unquoted(&token.text)?;
        self.expect(Kind::RightDelim, CONTEXT)?;
        let outer = std::mem::replace(&mut self.variables, vec!["$".into()]);
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

    fn item_list(&mut self) -> Result<(Vec<Node>, Terminator)> {
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

    fn text_or_action(&mut self) -> Result<Item> {
        let token = self.take_non_space();
        match token.kind {
            Kind::Text => Ok(Item::Node(Node::Text(Rc::from(token.text)))),
            Kind::LeftDelim => {
                self.action_line = token.line;
                let item = self.action()?;
                self.action_line = 0;
                Ok(item)
            }
            _ => self.unexpected(&token, "input"),
        }
    }

    fn action(&mut self) -> Result<Item> {
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

    fn loop_control(&mut self, text: &str, node: Node) -> Result<Node> {
        let token = self.take_non_space();
        if token.kind != Kind::RightDelim {
            return self.unexpected(&token, text);
        }
        if self.range_depth == 0 {
            return self.error(format!("{text} outside {{{{range}}}}"));
        }
        Ok(node)
    }

    fn control(&mut self, context: &str) -> Result<Branch> {
        let variables = self.variables.len();
        let branch = self.branch(context)?;
        self.variables.truncate(variables);
        Ok(branch)
    }

    fn branch(&mut self, context: &str) -> Result<Branch> {
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

    fn block(&mut self) -> Result<Node> {
        const CONTEXT: &str = "block clause";
        let token = self.take_non_space();
        let name = self.template_name(&token, CONTEXT)?;
        let pipe = self.pipeline(CONTEXT, Kind::RightDelim)?;
        let outer = std::mem::replace(&mut self.variables, vec!["$".into()]);
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

    fn template(&mut self) -> Result<Node> {
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

    fn template_name(&mut self, token: &Token, context: &str) -> Result<String> {
        match token.kind {
            Kind::String | Kind::RawString => self.unquoted(&token.text),
            _ => self.unexpected(token, context),
        }
    }

    fn pipeline(&mut self, context: &str, end: Kind) -> Result<Pipe> {
        let position = self.peek_non_space().position;
        let mut pipe = Pipe { position, is_assign: false, declarations: Vec::new(), commands: Vec::new() };
        self.declarations(context, &mut pipe)?;
        loop {
            let token = self.take_non_space();
            match token.kind {
                _ if token.kind == end => {
                    self.check_pipeline(&pipe, context)?;
                    return Ok(pipe);
                }
                Kind::Bool
                | Kind::CharConstant
                | Kind::Complex
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::RawString
                | Kind::String
                | Kind::Variable
                | Kind::LeftParen => {
                    self.next -= 1;
                    let command = self.command()?;
                    pipe.commands.push(command);
                }
                _ => return self.unexpected(&token, context),
            }
        }
    }

    fn declarations(&mut self, context: &str, pipe: &mut Pipe) -> Result<()> {
        while self.peek_non_space().kind == Kind::Variable {
            let start = self.next;
            let name: Rc<str> = Rc::from(self.take().text);
            let following = self.peek_non_space();
            match following.kind {
                Kind::Assign | Kind::Declare => {
                    pipe.is_assign = following.kind == Kind::Assign;
                    self.take();
                    pipe.declarations.push(Rc::clone(&name));
                    self.variables.push(name);
                    return Ok(());
                }
                Kind::Char if following.text == "," => {
                    self.take();
                    pipe.declarations.push(Rc::clone(&name));
                    self.variables.push(name);
                    if context != "range" || pipe.declarations.len() >= 2 {
                        return self.error(format!("too many declarations in {context}"));
                    }
                    match self.peek_non_space().kind {
                        Kind::Variable | Kind::RightDelim | Kind::RightParen => {}
                        _ => return self.error("range can only initialize variables"),
                    }
                }
                _ => {
                    self.next = start;
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn check_pipeline(&self, pipe: &Pipe, context: &str) -> Result<()> {
        if pipe.commands.is_empty() {
            return self.error(format!("missing value for {context}"));
        }
        for (index, command) in pipe.commands.iter().enumerate().skip(1) {
            if let Some(
                OperandKind::Bool(_)
                | OperandKind::Dot
                | OperandKind::Nil
                | OperandKind::Number(_)
                | OperandKind::String { .. },
            ) = command.arguments.first().map(|argument| &argument.kind)
            {
                return self.error(format!("non executable command in pipeline stage {}", index + 1));
            }
        }
        Ok(())
    }

    fn command(&mut self) -> Result<Command> {
        let position = self.peek_non_space().position;
        let mut arguments = Vec::new();
        loop {
            self.peek_non_space();
            if let Some(operand) = self.operand()? {
                arguments.push(operand);
            }
            let token = self.take();
            match token.kind {
                Kind::Space => continue,
                Kind::RightDelim | Kind::RightParen => self.next -= 1,
                Kind::Pipe => {}
                _ => return self.unexpected(&token, "operand"),
            }
            break;
        }
        if arguments.is_empty() {
            return self.error("empty command");
        }
        Ok(Command { position, arguments })
    }

    fn operand(&mut self) -> Result<Option<Operand>> {
        let Some(mut operand) = self.term()? else { return Ok(None) };
        if self.peek().kind != Kind::Field {
            return Ok(Some(operand));
        }
        let position = self.peek().position;
        let mut fields = Vec::new();
        while self.peek().kind == Kind::Field {
            fields.push(Rc::from(&self.take().text[1..]));
        }
        operand = match operand.kind {
            OperandKind::Field(mut all) => {
                all.append(&mut fields);
                Operand { position, kind: OperandKind::Field(all) }
            }
            OperandKind::Variable(name, mut all) => {
                all.append(&mut fields);
                Operand { position, kind: OperandKind::Variable(name, all) }
            }
            OperandKind::Bool(_)
            | OperandKind::String { .. }
            | OperandKind::Number(_)
            | OperandKind::Nil
            | OperandKind::Dot => {
                let text = quote(operand.to_string().as_bytes());
                return self.error(format!("unexpected . after term {text}"));
            }
            _ => Operand { position, kind: OperandKind::Chain(Box::new(operand), fields) },
        };
        Ok(Some(operand))
    }

    fn term(&mut self) -> Result<Option<Operand>> {
        let token = self.take_non_space();
        let kind = match token.kind {
            Kind::Identifier => {
                if !(self.is_function)(&token.text) {
                    return self.error(format!("function {} not defined", quote(token.text.as_bytes())));
                }
                OperandKind::Identifier(Rc::from(token.text.as_str()))
            }
            Kind::Dot => OperandKind::Dot,
            Kind::Nil => OperandKind::Nil,
            Kind::Variable => {
                let name: Rc<str> = Rc::from(token.text.as_str());
                if !self.variables.contains(&name) {
                    return self.error(format!("undefined variable {}", quote(name.as_bytes())));
                }
                OperandKind::Variable(name, Vec::new())
            }
            Kind::Field => OperandKind::Field(vec![Rc::from(&token.text[1..])]),
            Kind::Bool => OperandKind::Bool(token.text == "true"),
            Kind::CharConstant | Kind::Complex | Kind::Number => match number(&token) {
                Ok(number) => OperandKind::Number(number),
                Err(message) => return self.error(message),
            },
            Kind::LeftParen => {
                let pipe =
                    self.nested(|parser| parser.pipeline("parenthesized pipeline", Kind::RightParen))?;
                return Ok(Some(Operand { position: pipe.position, kind: OperandKind::Pipe(pipe) }));
            }
            Kind::String | Kind::RawString => OperandKind::String {
                text: Rc::from(self.unquoted(&token.text)?),
                quoted: token.text.clone(),
            },
            _ => {
                self.next -= 1;
                return Ok(None);
            }
        };
        Ok(Some(Operand { position: token.position, kind }))
    }
}

fn number(token: &Token) -> Result<Number, String> {
    let text = &token.text;
    if token.kind == Kind::CharConstant {
        let rune = unquote(text).and_then(|bytes| String::from_utf8(bytes).ok());
        let mut chars = rune.as_deref().unwrap_or_default().chars();
        return match (chars.next(), chars.next()) {
            (Some(c), None) => {
                let code = i64::from(u32::from(c));
                Ok(Number {
                    text: text.clone(),
                    int: Some(code),
                    is_uint: true,
                    float: Some(f64::from(u32::from(c))),
                })
            }
            _ => Err(format!("malformed character constant: {text}")),
        };
    }
    if token.kind == Kind::Complex || text.ends_with('i') {
        return Err(format!("complex numbers are not supported: {}", quote(text.as_bytes())));
    }
    real_number(text)
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::float_cmp)]
fn real_number(text: &str) -> Result<Number, String> {
    let is_uint = parse_uint(text).is_some();
    let mut number = Number { text: text.to_owned(), int: parse_int(text), is_uint, float: None };
    if let Some(int) = number.int {
        number.is_uint |= int == 0;
        number.float = Some(int as f64);
    } else if let Some(uint) = parse_uint(text) {
        number.float = Some(uint as f64);
    } else if let Some(float) = parse_float(&text.replace('_', "")) {
        if !text.contains(['.', 'e', 'E', 'p', 'P']) {
            return Err(format!("integer overflow: {}", quote(text.as_bytes())));
        }
        number.float = Some(float);
        if float.fract() == 0.0 && float.abs() < 9.2e18 {
            number.int = Some(float as i64);
            number.is_uint = float >= 0.0;
        }
    } else {
        return Err(format!("illegal number syntax: {}", quote(text.as_bytes())));
    }
    Ok(number)
}
