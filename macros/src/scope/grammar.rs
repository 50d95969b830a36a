//! What stands in a scope's macro, and what is wrong with it.

use super::{Binding, Body, Head, Mark};
use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Error, Expr, Result, Token, Type};

/// What to write in the place of what stands after a binding.
pub(super) fn help_after(bindings: &[Binding], input: ParseStream<'_>) -> String {
    let names: Vec<String> = bindings.iter().map(|b| format!("{} = ..", b.name)).collect();
    let form = format!("`letz!({} => ..)`", names.join(", "));
    if input.peek(Token![;]) {
        return format!("`=>` stands before the body, and `,` between bindings: write {form}");
    }
    if input.peek(syn::token::Brace) || input.peek(Token![->]) {
        return format!("expected `=>` before the body: write {form}");
    }
    if input.peek(Token![in]) {
        let named = form.replace("letz!(", "letz!(z in outer; ");
        return format!("the zone to copy the result to stands before the bindings: write {named}");
    }
    format!("expected `,` and another `name = value`, or `=>` and the body: {form}")
}

/// An error at what is next, or at the whole macro where nothing is.
pub(super) fn error_at(input: ParseStream<'_>, help: impl core::fmt::Display) -> Error {
    Error::new(input.span(), help)
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

    /// What is to be written where the zone comes from an arena.
    fn head_of(self, name: impl core::fmt::Display) -> String {
        format!("{name} of arena{} ..", if self == Mark::Arrow { " =>" } else { ";" })
    }

    /// What is to be written where no outer zone is named.
    fn head_alone(self, name: impl core::fmt::Display) -> String {
        match self {
            Mark::Arrow => format!("beginz!({name} => ..)"),
            Mark::Semicolon => format!("letz!({name}; ..)"),
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
    pub(super) fn parse(input: ParseStream<'_>, mark: Mark) -> Result<Head> {
        let mut head = Head::default();
        let is_binding = |input: ParseStream<'_>| mark == Mark::Semicolon && is_binding(input);
        if !is_binding(input) && !mark.is_after_name(input) && is_bytes(input) {
            let bytes: Expr = input.parse()?;
            input.parse::<Token![,]>()?;
            refuse_name_as_size(&bytes, input, mark)?;
            head.bytes = Some(bytes);
        }
        if is_binding(input) || !mark.is_after_name(input) {
            match mark {
                Mark::Arrow => refuse_other_heads(input)?,
                Mark::Semicolon => refuse_other_starts(input)?,
            }
            return Ok(head);
        }
        if mark == Mark::Semicolon {
            refuse_name_without_mark(input)?;
        }
        let name: TokenTree = input.parse()?;
        let text = mark.text();
        if is_of(input) {
            let of: Ident = input.parse()?;
            if mark.is_next(input) || input.is_empty() {
                let head = mark.head_of(&name);
                let help = format!("the arena to take the zone from is missing: write `{head}`");
                return Err(Error::new_spanned(of, help));
            }
            head.arena = Some(input.parse()?);
            if !mark.is_next(input) && !input.peek(Token![in]) {
                let help = format!("expected `{text}` or `in` and a zone after the arena");
                return Err(error_at(input, help));
            }
        }
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

/// Whether the word `of` is next.
fn is_of(input: ParseStream<'_>) -> bool {
    input.fork().parse::<Ident>().is_ok_and(|word| word == "of")
}

/// Refuses `beginz!(z, z.alloc(1))`, where a name is meant to be the zone's: no size has such methods.
fn refuse_name_as_size(bytes: &Expr, rest: ParseStream<'_>, mark: Mark) -> Result<()> {
    let Expr::Path(path) = bytes else { return Ok(()) };
    let Some(name) = path.path.get_ident() else { return Ok(()) };
    let names_a_zone = mark.is_after_name(rest);
    if !names_a_zone && allocates(rest.fork().parse::<TokenStream>()?, name) {
        let (text, head) = (mark.text(), mark.head_alone(name));
        let help =
            format!("`{text}` stands after the zone's name, `,` after a size: write `{head}`");
        return Err(Error::new_spanned(name, help));
    }
    Ok(())
}

/// Whether `name.alloc..(` or the like is among the tokens.
fn allocates(tokens: TokenStream, name: &Ident) -> bool {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let calls = tokens.windows(3).any(|three| match three {
        [TokenTree::Ident(word), TokenTree::Punct(dot), TokenTree::Ident(method)] => {
            let method = method.to_string();
            let method = method.trim_start_matches("try_");
            let is_a_zones = ["alloc", "boxed", "closure"].iter().any(|m| method.starts_with(m))
                || ["vec", "string", "map", "pool", "used", "remaining"].contains(&method);
            word == name && dot.as_char() == '.' && is_a_zones
        }
        _ => false,
    });
    calls
        || tokens.into_iter().any(|token| match token {
            TokenTree::Group(group) => allocates(group.stream(), name),
            _ => false,
        })
}

/// Says what is wrong with what stands before the bindings of `letz!` where it is no zone's name.
fn refuse_other_starts(input: ParseStream<'_>) -> Result<()> {
    if input.peek(Token![let]) {
        let ahead = input.fork();
        ahead.parse::<Token![let]>()?;
        let name = if ahead.peek(Token![mut]) { "mut a".to_string() } else { "a".to_string() };
        let name = ahead.parse::<Ident>().map_or(name, |name| name.to_string());
        let help = format!("the bindings stand without `let`: write `letz!({name} = .. => ..)`");
        return Err(error_at(input, help));
    }
    let ahead = input.fork();
    if !is_binding(input) && ahead.parse::<Expr>().is_ok() && is_binding(&ahead) {
        let help = "expected `,` after the size: write `letz!(SIZE, name = value => ..)`";
        return Err(error_at(&ahead, help));
    }
    Ok(())
}

/// Says what is missing where a name stands right before a binding: it may be a zone's or a size.
fn refuse_name_without_mark(input: ParseStream<'_>) -> Result<()> {
    let ahead = input.fork();
    let Ok(name) = ahead.parse::<Ident>() else { return Ok(()) };
    if is_binding(&ahead) {
        let help = format!("expected `;` if `{name}` is to name the zone, `,` if it is the size");
        return Err(error_at(&ahead, help));
    }
    Ok(())
}

/// Says what is wrong with what stands before the body of `beginz!` where it names no zone.
fn refuse_other_heads(input: ParseStream<'_>) -> Result<()> {
    let ahead = input.fork();
    let name = ahead.parse::<Ident>();
    if name.is_ok() && (ahead.peek(Token![;]) || ahead.peek(Token![->])) {
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
    if input.peek(syn::token::Brace) || input.peek(Token![let]) {
        return false;
    }
    let ahead = input.fork();
    ahead.parse::<Expr>().is_ok() && ahead.peek(Token![,])
}

/// Whether `name =` or `name:` is next.
fn is_binding(input: ParseStream<'_>) -> bool {
    if input.peek(Token![mut]) || input.peek(Token![#]) {
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
        let align = parse_align(input)?;
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
            if (input.peek(Token![=>]) || input.peek(Token![,])) && annotation.is_none() {
                help += &format!(", or `;` if `{name}` is to name the zone");
            }
            return Err(error_at(input, help));
        }
        input.parse::<Token![=]>()?;
        if input.is_empty() || input.peek(Token![=>]) || input.peek(Token![,]) {
            return Err(error_at(input, format!("expected a value for `{name}`")));
        }
        let binding = Binding { align, mutability, name, annotation, init: input.parse()? };
        binding.refuse_slice_as_number()?;
        binding.refuse_align_of_one()?;
        Ok(binding)
    }
}

/// `#[align(ALIGN)]`, if that is next.
fn parse_align(input: ParseStream<'_>) -> Result<Option<Expr>> {
    let help = "a binding takes one attribute, its alignment in bytes: write `#[align(64)]`";
    let attributes = input.call(Attribute::parse_outer)?;
    let Some(attribute) = attributes.first() else { return Ok(None) };
    let one = attributes.len() == 1 && attribute.path().is_ident("align");
    let align = attribute.parse_args().ok().filter(|_| one);
    align.map(Some).ok_or_else(|| Error::new_spanned(attributes.last(), help))
}

/// The rest: a block, or what is to be the inside of one.
pub(super) fn parse_body(input: ParseStream<'_>) -> Result<Body> {
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

impl Binding {
    /// Refuses `#[align(64)] a = 1`.
    fn refuse_align_of_one(&self) -> Result<()> {
        match (&self.align, &self.init) {
            (Some(align), init) if !matches!(init, Expr::Repeat(_)) => {
                let help = format!(
                    "an alignment is for a slice of equal values, `{} = [value; n]`, and for channels",
                    self.name
                );
                Err(Error::new_spanned(align, help))
            }
            _ => Ok(()),
        }
    }

    /// What channels are made of, for `a: [[T]] = [[value; frames]; channels]`.
    pub(super) fn channels(&self) -> Option<(&Type, [&Expr; 3])> {
        let (Some(Type::Slice(list)), Expr::Repeat(channels)) = (&self.annotation, &self.init)
        else {
            return None;
        };
        let (Type::Slice(one), Expr::Repeat(frames)) = (&*list.elem, &*channels.expr) else {
            return None;
        };
        Some((&one.elem, [&frames.expr, &frames.len, &channels.len]))
    }

    /// Refuses `a: f32 = [0.0; n]`.
    fn refuse_slice_as_number(&self) -> Result<()> {
        let (Some(Type::Path(path)), Expr::Array(_) | Expr::Repeat(_)) =
            (&self.annotation, &self.init)
        else {
            return Ok(());
        };
        let of_one = [
            "f32", "f64", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64",
            "i128", "isize", "bool", "char",
        ];
        match path.path.get_ident() {
            Some(word) if of_one.iter().any(|primitive| word == primitive) => {
                let name = &self.name;
                let help = format!("`{name}` is a slice: write `{name}: [{word}] = ..`");
                Err(Error::new_spanned(word, help))
            }
            _ => Ok(()),
        }
    }
}
