//! `beginz!` and `letz!`.
//!
//! `beginz!(n, z in outer => body)` becomes
//!
//! ```text
//! {
//!     let site = __site!("beginz!");
//!     let bytes: usize = n;
//!     let outer = __private::outer(outer);
//!     let scope = Scope::new_at(site, bytes);
//!     let z = scope.zone();
//!     let zone: &Zone = &z;
//!     let z: &Zone = zone;
//!     let value = body;
//!     let value = scope.copy_in(value, outer);
//!     scope.end();
//!     value
//! }
//! ```
//!
//! What owns the zone has the user's name for it too, so that the compiler speaks of `z` where
//! something borrowed from it escapes; all else has names that the body cannot see.
//!
//! `letz!` puts its bindings before the body: `let a: &mut [_] = zone.alloc_slice(n, v);`. The
//! `try_` forms wrap what follows each step that can err into a `match` (a labelled block would
//! change what `break` means in the body).

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::{Parse, ParseStream, Parser};
use syn::spanned::Spanned;
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

/// `[BYTES ,] [NAME [in OUTER] MARK]`
#[derive(Default)]
struct Head {
    bytes: Option<Expr>,
    /// An identifier or `_`.
    name: Option<TokenStream>,
    outer: Option<Expr>,
}

/// `[mut] NAME [: TYPE] = INIT`
struct Binding {
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
                let help = "expected `,` and another `name = value`, or `=>` and the body";
                return Err(error_at(input, help));
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

/// An error at what is next, or at the whole macro where nothing is.
fn error_at(input: ParseStream<'_>, help: impl core::fmt::Display) -> Error {
    Error::new(input.span(), help)
}

/// On an error, that error alone: `loop {}` has any type, so that none follows from its use.
fn or_error(expanded: Result<TokenStream>) -> TokenStream {
    expanded.unwrap_or_else(|error| {
        let error = error.into_compile_error();
        quote!({ #error; loop {} })
    })
}

impl Mark {
    fn is_next(self, input: ParseStream<'_>) -> bool {
        match self {
            Mark::Arrow => input.peek(Token![=>]),
            Mark::Semicolon => input.peek(Token![;]),
        }
    }

    fn parse(self, input: ParseStream<'_>) -> Result<()> {
        match self {
            Mark::Arrow => input.parse::<Token![=>]>().map(drop),
            Mark::Semicolon => input.parse::<Token![;]>().map(drop),
        }
    }

    fn text(self) -> &'static str {
        match self {
            Mark::Arrow => "=>",
            Mark::Semicolon => ";",
        }
    }

    /// What is to be written before the body or the bindings.
    fn head(self, name: impl core::fmt::Display, outer: impl core::fmt::Display) -> String {
        match self {
            Mark::Arrow => format!("{name} in {outer} => .."),
            Mark::Semicolon => format!("{name} in {outer}; .."),
        }
    }

    /// Whether a zone's name is next: one with its mark or `in` behind it, or with another word
    /// where `in` was forgotten.
    fn is_after_name(self, input: ParseStream<'_>) -> bool {
        let ahead = input.fork();
        let named = ahead.parse::<Token![_]>().is_ok() || ahead.parse::<Ident>().is_ok();
        named && (self.is_next(&ahead) || ahead.peek(Token![in]) || ahead.peek(syn::Ident))
    }
}

impl Head {
    fn parse(input: ParseStream<'_>, mark: Mark) -> Result<Head> {
        let mut head = Head::default();
        let is_binding = |input: ParseStream<'_>| mark == Mark::Semicolon && is_binding(input);
        if !is_binding(input) && !mark.is_after_name(input) && is_bytes(input) {
            head.bytes = Some(input.parse()?);
            input.parse::<Token![,]>()?;
        }
        if is_binding(input) || !mark.is_after_name(input) {
            if mark == Mark::Arrow {
                refuse_other_heads(input)?;
            }
            return Ok(head);
        }
        let name: TokenTree = input.parse()?;
        let text = mark.text();
        if input.peek(Token![in]) {
            input.parse::<Token![in]>()?;
            if mark.is_next(input) || input.is_empty() {
                let head = mark.head(&name, "outer");
                let help = format!("the zone to copy the result to is missing: write `{head}`");
                return Err(error_at(input, help));
            }
            head.outer = Some(input.parse()?);
            if !mark.is_next(input) {
                return Err(error_at(input, format!("expected `{text}` after the outer zone")));
            }
        } else if !mark.is_next(input) {
            let next: TokenTree = input.parse()?;
            let head = mark.head(&name, &next);
            let help =
                format!("`in` is missing before the zone to copy the result to: write `{head}`");
            return Err(Error::new_spanned(next, help));
        }
        mark.parse(input)?;
        head.name = Some(name.into_token_stream());
        Ok(head)
    }
}

/// Says what is wrong with what stands before the body of `beginz!` where it names no zone.
fn refuse_other_heads(input: ParseStream<'_>) -> Result<()> {
    let ahead = input.fork();
    let name = ahead.parse::<Ident>();
    if name.is_ok() && ahead.peek(Token![;]) {
        return Err(error_at(&ahead, "expected `=>` after the zone's name"));
    }
    // No expression has a `=>` outside of braces.
    if !has_arrow(input) {
        return Ok(());
    }
    if let (Ok(name), true) = (&name, ahead.peek(Token![&])) {
        let head = Mark::Arrow.head(name, "&outer");
        let help = format!("`in` is missing before the zone to copy the result to: write `{head}`");
        return Err(error_at(&ahead, help));
    }
    if input.peek(Token![in]) {
        let head = Mark::Arrow.head("z", "outer");
        return Err(error_at(input, format!("the zone's name is missing: write `{head}`")));
    }
    if input.peek(syn::Lit) {
        input.parse::<syn::Lit>()?;
        return Err(error_at(input, "expected `,` after the size"));
    }
    Err(error_at(input, "expected the zone's name, a plain one or `_`, before `=>`"))
}

fn has_arrow(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    while !ahead.is_empty() {
        if ahead.peek(Token![=>]) {
            return true;
        }
        if ahead.parse::<TokenTree>().is_err() {
            break;
        }
    }
    false
}

/// Whether an expression with a comma behind it is next.
fn is_bytes(input: ParseStream<'_>) -> bool {
    // A body in braces may be long: do not parse it to learn that it is none.
    if input.peek(syn::token::Brace) {
        return false;
    }
    let ahead = input.fork();
    ahead.parse::<Expr>().is_ok() && ahead.peek(Token![,])
}

/// Whether `name =` or `name:` is next.
fn is_binding(input: ParseStream<'_>) -> bool {
    if input.peek(Token![mut]) {
        return true;
    }
    let ahead = input.fork();
    ahead.parse::<Ident>().is_ok()
        && (is_assignment(&ahead) || ahead.peek(Token![:]) && !ahead.peek(Token![::]))
}

fn is_assignment(input: ParseStream<'_>) -> bool {
    input.peek(Token![=]) && !input.peek(Token![==]) && !input.peek(Token![=>])
}

impl Parse for Binding {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if input.is_empty() {
            return Err(error_at(input, "expected `name = value, .. => body`"));
        }
        let mutability = input.parse()?;
        let name: Ident = input.parse().map_err(|error| {
            Error::new(error.span(), "expected `name = value` before `=>`, with a plain name")
        })?;
        let annotation = match input.peek(Token![:]) {
            true => {
                input.parse::<Token![:]>()?;
                if is_assignment(input) {
                    return Err(error_at(input, format!("expected a type for `{name}`")));
                }
                Some(input.parse()?)
            }
            false => None,
        };
        if !is_assignment(input) {
            let mut help = format!("expected `= value` for `{name}`");
            if input.peek(Token![=>]) && annotation.is_none() {
                help += &format!(", or `;` if `{name}` is to name the zone");
            }
            return Err(error_at(input, help));
        }
        input.parse::<Token![=]>()?;
        if input.is_empty() || input.peek(Token![=>]) || input.peek(Token![,]) {
            return Err(error_at(input, format!("expected a value for `{name}`")));
        }
        Ok(Binding { mutability, name, annotation, init: input.parse()? })
    }
}

/// The rest: a block, or what is to be the inside of one.
fn parse_body(input: ParseStream<'_>) -> Result<Body> {
    if input.is_empty() {
        let help = "the body is missing: a block, whose value leaves the scope";
        return Err(error_at(input, help));
    }
    if input.peek(Token![|]) || input.peek(Token![||]) || input.peek(Token![move]) {
        let help = "the body is a block, not a closure: write `name => ..` before it to name the \
                    zone (a closure cannot leave the scope as its value)";
        return Err(error_at(input, help));
    }
    let tokens: TokenStream = input.parse()?;
    let mut trees = tokens.clone().into_iter();
    let (first, last) = match (trees.next(), trees.last()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::Brace => {
            return Ok(Body { first: group.span(), last: group.span_close(), block: tokens });
        }
        (Some(first), last) => (first.clone(), last.unwrap_or(first)),
        (None, _) => unreachable!("not empty"),
    };
    let (first, last) = match (first, last) {
        (TokenTree::Group(first), last) => (first.span_open(), last.span()),
        (first, last) => (first.span(), last.span()),
    };
    Ok(Body { block: quote!({ #tokens }), first, last })
}

fn expand(
    head: &Head,
    bindings: &[Binding],
    body: &Body,
    (mark, on_error): (Mark, OnError),
) -> TokenStream {
    // Our own names, which the user's code cannot see; located where a message should point.
    let here = Span::mixed_site();
    let (first, last) = (here.located_at(body.first), here.located_at(body.last));
    let named = head.name.as_ref().filter(|name| name.to_string() != "_");
    let at_name = named.map_or(here, |name| here.located_at(name.span()));
    let zone = named.cloned().unwrap_or_else(|| quote_spanned!(here=> zone));
    // (`scope.zone()` is located as `scope.end()` is, so that two errors about it become one.)
    let mut begin = quote_spanned!(here=> let #zone = scope.zone(););
    begin.extend(quote_spanned!(at_name=> let zone: &::memzone::Zone = &#zone;));
    let name = named.map(|name| quote_spanned!(here=> let #name: &::memzone::Zone = zone;));
    // Two tokens are needed for an expression that is located from `first` to `last`.
    let located = |delimiter, inside: TokenStream| {
        let mut group = Group::new(delimiter, inside);
        group.set_span(last);
        group
    };
    let value = located(Delimiter::Brace, quote_spanned!(first=> value => value));
    let value = quote_spanned!(first=> match value #value);
    let is_binding = head.outer.is_none() && bindings.iter().any(|b| body.is_bare(&b.name));
    let written_as = Ident::new(if is_binding { "Named" } else { "Value" }, here);
    let link = quote_spanned!(here=> ::memzone::__private::#written_as::link(&value, &hint));
    let shape = head.outer.as_ref().map(|_| {
        quote_spanned! {here=>
            // Never run: tells the body's type what is expected of it, and leaves lifetimes free.
            #[allow(unreachable_code, clippy::diverging_sub_expression)]
            'never: {
                break 'never;
                use ::memzone::__private::shapes::*;
                (&&&&&#link).shape()
            }
        }
    });
    let left = match head.outer {
        Some(_) => {
            let arguments =
                located(Delimiter::Parenthesis, quote_spanned!(here=> &scope, #value, outer));
            quote_spanned!(first=> (&&&#link).leave_in #arguments)
        }
        None => {
            let arguments = located(Delimiter::Parenthesis, quote_spanned!(here=> &scope, #value));
            quote_spanned!(first=> (&&&&&&&&#link).leave #arguments)
        }
    };
    let left = match on_error {
        OnError::Panic => {
            let left = located(Delimiter::Parenthesis, left);
            quote_spanned!(first=> ::memzone::__private::or_panic #left)
        }
        OnError::Return => left,
    };
    let result = match on_error {
        OnError::Panic => quote_spanned!(here=> value),
        OnError::Return => quote_spanned! {here=>
            match value {
                ::core::result::Result::Ok(value) => ::core::result::Result::Ok(value),
                ::core::result::Result::Err(error) => ::core::result::Result::Err(error),
            }
        },
    };
    let block = &body.block;
    let mut inner = quote_spanned! {here=>
        #[allow(clippy::diverging_sub_expression)]
        let value = #block;
        #shape
        #[allow(unreachable_code)]
        let value = {
            use ::memzone::__private::ways::*;
            #left
        };
        scope.end();
        #result
    };
    for binding in bindings.iter().rev() {
        inner = binding.expand(&inner, on_error);
    }
    let begin = quote!(#begin #name #inner);
    let macro_name = match (mark, on_error) {
        (Mark::Arrow, OnError::Panic) => "beginz!",
        (Mark::Arrow, OnError::Return) => "try_beginz!",
        (Mark::Semicolon, OnError::Panic) => "letz!",
        (Mark::Semicolon, OnError::Return) => "try_letz!",
    };
    let (expected, begin) = match on_error {
        OnError::Panic => (
            quote_spanned!(here=> hint.expected(loop {})),
            quote_spanned! {here=>
                let scope = ::memzone::__private::Scope::new_at(site, bytes);
                #begin
            },
        ),
        OnError::Return => (
            quote_spanned!(here=> hint.try_expected(loop {})),
            quote_spanned! {here=>
                match ::memzone::__private::Scope::try_new_at(site, bytes) {
                    ::core::result::Result::Ok(scope) => { #begin }
                    ::core::result::Result::Err(error) => ::core::result::Result::Err(error),
                }
            },
        ),
    };
    let site = quote_spanned!(here=> let site = ::memzone::__site!(#macro_name););
    let bytes = match &head.bytes {
        Some(bytes) => quote_spanned!(here=> let bytes: usize = #bytes;),
        None => quote_spanned!(here=> let bytes: usize = site.bytes();),
    };
    // The branch that is never taken has the type that is expected outside, and so has the hint.
    let expected = quote_spanned! {here=>
        match () {
            #[allow(unreachable_code, clippy::empty_loop)]
            () => #expected,
        }
    };
    let run = quote_spanned! {here=>
        let hint = ::memzone::__private::Hint::new();
        if false { #expected } else { #begin }
    };
    let Some(outer) = &head.outer else {
        return quote_spanned!(here=> { #site #bytes #run });
    };
    // `match`, as what `outer` borrows from may be a temporary, which then lives as long as the statement.
    let to = here.located_at(outer.span());
    let outer = quote_spanned!(to=> ::memzone::__private::outer(&(#outer)));
    quote_spanned! {here=>
        match ({ #site #bytes (site, bytes) }, #outer) { ((site, bytes), outer) => { #run } }
    }
}

impl Body {
    /// Whether it ends in this name and nothing else, and does not give the name to something of its own.
    fn is_bare(&self, name: &Ident) -> bool {
        let inside = match self.block.clone().into_iter().next() {
            Some(TokenTree::Group(block)) => block.stream(),
            _ => return false,
        };
        let tokens: Vec<TokenTree> = inside.into_iter().collect();
        let Some((TokenTree::Ident(last), before)) = tokens.split_last() else { return false };
        let is_statement_before = match before.last() {
            None => true,
            Some(TokenTree::Punct(punct)) => punct.as_char() == ';',
            Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Brace,
            Some(_) => false,
        };
        last == name && is_statement_before && !rebinds(before, name)
    }
}

/// Whether a `let` among these tokens, but not in blocks of their own, gives the name to something else.
fn rebinds(tokens: &[TokenTree], name: &Ident) -> bool {
    let mut in_pattern = false;
    tokens.iter().any(|token| {
        match token {
            TokenTree::Ident(word) if word == "let" => in_pattern = true,
            TokenTree::Punct(punct) if matches!(punct.as_char(), '=' | ';') => in_pattern = false,
            _ => {}
        }
        in_pattern && contains(token, name)
    })
}

fn contains(token: &TokenTree, name: &Ident) -> bool {
    match token {
        TokenTree::Ident(word) => word == name,
        TokenTree::Group(group) => group.stream().into_iter().any(|token| contains(&token, name)),
        _ => false,
    }
}

impl Binding {
    /// `let name = zone.alloc..(init);` and what follows it.
    fn expand(&self, rest: &TokenStream, on_error: OnError) -> TokenStream {
        let here = Span::mixed_site();
        let at_init = here.located_at(self.init.span());
        let Binding { mutability, name, annotation, init } = self;
        let is_list = matches!(init, Expr::Array(_) | Expr::Repeat(_));
        let seen_as = match annotation {
            Some(annotation) => quote!(&mut #annotation),
            None if is_list => quote!(&mut [_]),
            None => quote!(&mut _),
        };
        let fallible = on_error == OnError::Return;
        let alloc = match (init, annotation) {
            (Expr::Repeat(list), None | Some(Type::Slice(_))) => {
                let (value_init, len_init) = (&list.expr, &list.len);
                let value = Ident::new("value", here.located_at(value_init.span()));
                let len = Ident::new("len", here.located_at(len_init.span()));
                let method = if fallible { "try_alloc_slice" } else { "alloc_slice" };
                let method = Ident::new(method, at_init);
                // In the order in which they are written, as in `vec!`.
                let call = quote_spanned!(at_init=> zone.#method(#len, #value));
                quote_spanned!(here=> match (#value_init, #len_init) { (#value, #len) => #call })
            }
            _ => {
                let method = Ident::new(if fallible { "try_alloc" } else { "alloc" }, at_init);
                quote_spanned!(here=> zone.#method(#init))
            }
        };
        match on_error {
            OnError::Panic => quote_spanned! {here=>
                let #mutability #name: #seen_as = #alloc;
                #rest
            },
            OnError::Return => quote_spanned! {here=>
                match #alloc {
                    ::core::result::Result::Ok(place) => {
                        let #mutability #name: #seen_as = place;
                        #rest
                    }
                    ::core::result::Result::Err(error) => ::core::result::Result::Err(error),
                }
            },
        }
    }
}
