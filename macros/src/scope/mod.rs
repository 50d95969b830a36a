//! `beginz!` and `letz!`: `grammar` reads them and says what is wrong with one, `expand` writes what they stand for.

mod expand;

mod grammar;

use expand::expand;
use grammar::parse_body;
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::{Error, Expr, Result, Token, Type};

/// What happens where memory is missing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnError {
    Panic,
    Return,
}

/// What ends the part that names the zone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// `=>`, in `beginz!`.
    Arrow,
    /// `;`, in `letz!`.
    Semicolon,
}

/// `[BYTES ,] [NAME [of ARENA] [in OUTER] MARK]`
#[derive(Default)]
struct Head {
    bytes: Option<Expr>,
    /// An identifier or `_`.
    name: Option<TokenStream>,
    /// What the scope's zone is taken from, if not from the thread's stack.
    arena: Option<Expr>,
    outer: Option<Expr>,
}

/// `[#[align(ALIGN)]] [mut] NAME [: TYPE] = INIT`
struct Binding {
    align: Option<Expr>,
    mutability: Option<Token![mut]>,
    name: Ident,
    annotation: Option<Type>,
    init: Expr,
}

/// The body, and where a message about its value or its end should point: at all from `first` to
/// `last`, which one token alone cannot say.
struct Body {
    block: TokenStream,
    first: Span,
    last: Span,
}

pub(crate) fn beginz(input: TokenStream, on_error: OnError) -> TokenStream {
    let parse = |input: ParseStream<'_>| {
        let head = Head::parse(input, Mark::Arrow)?;
        Ok(expand(&head, &[], &parse_body(input)?, (Mark::Arrow, on_error)))
    };
    or_error(parse.parse2(input))
}

pub(crate) fn letz(input: TokenStream, on_error: OnError) -> TokenStream {
    let parse = |input: ParseStream<'_>| {
        let head = Head::parse(input, Mark::Semicolon)?;
        let mut bindings: Vec<Binding> = Vec::new();
        while !input.peek(Token![=>]) {
            bindings.push(input.parse()?);
            if input.peek(Token![,]) {
                input.parse::<Token![,]>()?;
            } else if !input.peek(Token![=>]) {
                return Err(grammar::error_at(input, grammar::help_after(&bindings, input)));
            }
        }
        let arrow: Token![=>] = input.parse()?;
        if bindings.is_empty() {
            let help = "nothing is bound: write `name = value` before `=>`, or use `beginz!`";
            return Err(Error::new_spanned(arrow, help));
        }
        Ok(expand(&head, &bindings, &parse_body(input)?, (Mark::Semicolon, on_error)))
    };
    or_error(parse.parse2(input))
}

/// On an error, that error alone: in the place of an expression it has no type, so that nothing follows from its use.
fn or_error(expanded: Result<TokenStream>) -> TokenStream {
    expanded.unwrap_or_else(|error| {
        let error = error.into_compile_error();
        quote!((#error))
    })
}
