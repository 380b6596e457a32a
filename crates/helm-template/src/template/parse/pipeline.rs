//! Pipelines, commands and operands.

use std::rc::Rc;

use super::number::number;
use super::{Parser, Result};
use crate::golang::quote::quote;
use crate::template::lex::Kind;
use crate::template::node::{Command, Operand, OperandKind, Pipe};

impl<'t> Parser<'_, 't> {
    pub(super) fn pipeline(&mut self, context: &str, end: Kind) -> Result<Pipe<'t>> {
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

    fn declarations(&mut self, context: &str, pipe: &mut Pipe<'t>) -> Result<()> {
        while self.peek_non_space().kind == Kind::Variable {
            let start = self.next;
            let name = self.take().text;
            let following = self.peek_non_space();
            match following.kind {
                Kind::Assign | Kind::Declare => {
                    pipe.is_assign = following.kind == Kind::Assign;
                    self.take();
                    pipe.declarations.push(name);
                    self.variables.push(name);
                    return Ok(());
                }
                Kind::Char if following.text == "," => {
                    self.take();
                    pipe.declarations.push(name);
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

    fn check_pipeline(&self, pipe: &Pipe<'_>, context: &str) -> Result<()> {
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

    fn command(&mut self) -> Result<Command<'t>> {
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

    fn operand(&mut self) -> Result<Option<Operand<'t>>> {
        let Some(mut operand) = self.term()? else { return Ok(None) };
        if self.peek().kind != Kind::Field {
            return Ok(Some(operand));
        }
        let position = self.peek().position;
        operand = match operand.kind {
            OperandKind::Field(mut fields) => {
                self.fields(&mut fields);
                Operand { position, kind: OperandKind::Field(fields) }
            }
            OperandKind::Variable(name, mut fields) => {
                self.fields(&mut fields);
                Operand { position, kind: OperandKind::Variable(name, fields) }
            }
            OperandKind::Bool(_)
            | OperandKind::String { .. }
            | OperandKind::Number(_)
            | OperandKind::Nil
            | OperandKind::Dot => {
                let text = quote(operand.to_string().as_bytes());
                self.fields(&mut Vec::new());
                return self.error(format!("unexpected . after term {text}"));
            }
            _ => {
                let mut fields = Vec::new();
                self.fields(&mut fields);
                Operand { position, kind: OperandKind::Chain(Box::new(operand), fields) }
            }
        };
        Ok(Some(operand))
    }

    /// Takes all fields that follow.
    fn fields(&mut self, fields: &mut Vec<&'t str>) {
        while self.peek().kind == Kind::Field {
            fields.push(&self.take().text[1..]);
        }
    }

    fn term(&mut self) -> Result<Option<Operand<'t>>> {
        let token = self.take_non_space();
        let kind = match token.kind {
            Kind::Identifier => {
                let Some(function) = (self.function)(token.text) else {
                    return self.error(format!("function {} not defined", quote(token.text.as_bytes())));
                };
                OperandKind::Function(function)
            }
            Kind::Dot => OperandKind::Dot,
            Kind::Nil => OperandKind::Nil,
            Kind::Variable => {
                let name = token.text;
                if !self.variables.contains(&name) {
                    return self.error(format!("undefined variable {}", quote(name.as_bytes())));
                }
                OperandKind::Variable(name, Vec::new())
            }
            Kind::Field => {
                let mut fields = Vec::with_capacity(4);
                fields.push(&token.text[1..]);
                OperandKind::Field(fields)
            }
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
            Kind::String | Kind::RawString => {
                OperandKind::String { text: Rc::from(self.unquoted(token.text)?), quoted: token.text }
            }
            _ => {
                self.next -= 1;
                return Ok(None);
            }
        };
        Ok(Some(Operand { position: token.position, kind }))
    }
}
