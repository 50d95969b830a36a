//! What a scope's macro stands for.
//!
//! `beginz!(n, z in outer => body)` becomes
//!
//! ```text
//! match ({ let site = __site!("beginz!"); let bytes: usize = n; (site, bytes) }, outer.as_outer_zone()) {
//!     ((site, bytes), outer) => {
//!         let hint = Hint::new();
//!         if false { hint.expected(loop {}) } else {
//!             let scope_that_ends_here = Scope::new_at(site, bytes);
//!             let z = scope_that_ends_here.zone();
//!             let zone: &Zone = &z;
//!             let z: &Zone = zone;
//!             let value = body;
//!             'never: { break 'never; (&&&&&Value::link(&value, &hint)).shape() }
//!             let value = or_panic((&&&Value::link(&value, &hint)).leave_in(&scope_that_ends_here, value, outer));
//!             scope_that_ends_here.end();
//!             value
//!         }
//!     }
//! }
//! ```
//!
//! `docs/design.md` says why. What owns the zone has the user's name for it too, and the guard a name that the user could
//! write, so that the compiler speaks of both where something borrowed escapes; all else has names that the body cannot see.
//!
//! `letz!` puts its bindings before the body: `let a: &mut [_] = zone.alloc_slice(n, v);`. The
//! `try_` forms wrap what follows each step that can err into a `match` (a labelled block would
//! change what `break` means in the body).

use super::{Binding, Body, Head, Mark, OnError};
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, Type};

pub(super) fn expand(
    head: &Head,
    bindings: &[Binding],
    body: &Body,
    (mark, on_error): (Mark, OnError),
) -> TokenStream {
    // Our own names, which the user's code cannot see; located where a message should point.
    let here = Span::mixed_site();
    let named = head.name.as_ref().filter(|name| name.to_string() != "_");
    let guard = Ident::new("scope_that_ends_here", body.last);
    let at_name = named.map_or(here, |name| here.located_at(name.span()));
    let zone = named.cloned().unwrap_or_else(|| {
        let place = bindings.first().map_or(body.last, |binding| binding.name.span());
        let zone = Ident::new("zone_of_this_scope", place);
        quote!(#zone)
    });
    let mut begin = quote_spanned!(at_name=> let #zone = #guard.zone(););
    // Where the user's tokens are, hygiene and all, so that an error does not speak of a macro.
    let borrowed = quote_spanned!(zone.span()=> &#zone);
    begin.extend(quote_spanned!(at_name=> let zone: &::memzone::Zone = #borrowed;));
    let name = named.map(|name| quote_spanned!(here=> let #name: &::memzone::Zone = zone;));
    let way_out = match head.arena {
        Some(_) => way_out_of_arena(head, on_error),
        None => way_out(head, bindings, body, &guard, on_error),
    };
    let end = quote_spanned!(at_name=> #guard.end(););
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
        #way_out
        #end
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
    if let Some(arena) = &head.arena {
        return of_arena(head, arena, &guard, &begin, on_error);
    }
    let (expected, begin) = match on_error {
        OnError::Panic => (
            quote_spanned!(here=> hint.expected(loop {})),
            quote_spanned! {here=>
                let #guard = ::memzone::__private::Scope::new_at(site, bytes);
                #begin
            },
        ),
        OnError::Return => (
            quote_spanned!(here=> hint.try_expected(loop {})),
            quote_spanned! {here=>
                match ::memzone::__private::Scope::try_new_at(site, bytes) {
                    ::core::result::Result::Ok(#guard) => { #begin }
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
    let outer = quote_spanned!(to=> (#outer).as_outer_zone());
    quote_spanned! {here=>
        match ({ #site #bytes (site, bytes) }, #outer) { ((site, bytes), outer) => { #run } }
    }
}

/// A scope whose zone comes from an arena. `begin` is what follows its guard.
fn of_arena(
    head: &Head,
    arena: &Expr,
    guard: &Ident,
    begin: &TokenStream,
    on_error: OnError,
) -> TokenStream {
    let here = Span::mixed_site();
    let bytes = match &head.bytes {
        Some(bytes) => quote_spanned!(here=> { let bytes: usize = #bytes; bytes }),
        None => quote_spanned!(here=> 0),
    };
    let at_arena = here.located_at(arena.span());
    // A reference to an arena will do too, by auto-dereferencing.
    let enter = quote_spanned! {at_arena=> {
        use ::memzone::__private::AsArena as _;
        (#arena).take_zone_of_arena(bytes)
    }};
    let run = match on_error {
        OnError::Panic => quote_spanned! {here=>
            let #guard = ::memzone::__private::or_panic(#enter);
            #begin
        },
        OnError::Return => quote_spanned! {here=>
            match #enter {
                ::core::result::Result::Ok(#guard) => { #begin }
                ::core::result::Result::Err(error) => ::core::result::Result::Err(error),
            }
        },
    };
    match &head.outer {
        None => quote_spanned!(here=> match #bytes { bytes => { #run } }),
        Some(outer) => {
            let outer = quote_spanned!(here.located_at(outer.span())=> (#outer).as_outer_zone());
            quote_spanned!(here=> match (#bytes, #outer) { (bytes, outer) => { #run } })
        }
    }
}

/// What leaves a scope of an arena: the body's `value` as it is, or its copy in `outer`.
fn way_out_of_arena(head: &Head, on_error: OnError) -> TokenStream {
    let here = Span::mixed_site();
    let copied = quote_spanned!(here=> ::memzone::__private::copied_to(value, outer));
    let value = match (&head.outer, on_error) {
        (None, OnError::Panic) => quote_spanned!(here=> value),
        (None, OnError::Return) => {
            quote_spanned!(here=> ::core::result::Result::Ok::<_, ::memzone::ZoneError>(value))
        }
        (Some(_), OnError::Panic) => quote_spanned!(here=> ::memzone::__private::or_panic(#copied)),
        (Some(_), OnError::Return) => copied,
    };
    quote_spanned! {here=>
        #[allow(unreachable_code, clippy::diverging_sub_expression)]
        let value = #value;
    }
}

/// The body's `value` becomes what leaves: itself, or its copy.
fn way_out(
    head: &Head,
    bindings: &[Binding],
    body: &Body,
    guard: &Ident,
    on_error: OnError,
) -> TokenStream {
    let here = Span::mixed_site();
    let (first, last) = (here.located_at(body.first), here.located_at(body.last));
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
                located(Delimiter::Parenthesis, quote_spanned!(here=> &#guard, #value, outer));
            quote_spanned!(first=> (&&&#link).leave_in #arguments)
        }
        None => {
            let arguments = located(Delimiter::Parenthesis, quote_spanned!(here=> &#guard, #value));
            quote_spanned!(first=> (&&&&&&&&&#link).leave #arguments)
        }
    };
    let left = match on_error {
        OnError::Panic => {
            let left = located(Delimiter::Parenthesis, left);
            quote_spanned!(first=> ::memzone::__private::or_panic #left)
        }
        OnError::Return => left,
    };
    quote_spanned! {here=>
        #shape
        #[allow(unreachable_code, clippy::diverging_sub_expression)]
        let value = {
            use ::memzone::__private::ways::*;
            #left
        };
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
        let Binding { align, mutability, name, annotation, init } = self;
        let channels = self.channels();
        let is_list = matches!(init, Expr::Array(_) | Expr::Repeat(_));
        let seen_as = match (channels, annotation) {
            (Some((of, _)), _) => quote!(&mut [&mut [#of]]),
            (None, Some(annotation)) => quote!(&mut #annotation),
            (None, None) if is_list => quote!(&mut [_]),
            (None, None) => quote!(&mut _),
        };
        let fallible = on_error == OnError::Return;
        // Of the zone's methods, the one with that alignment, if any.
        let method = |name: &str| {
            let name = match (fallible, align) {
                (true, None) => format!("try_{name}"),
                (true, Some(_)) => format!("try_{name}_aligned"),
                (false, None) => name.to_string(),
                (false, Some(_)) => format!("{name}_aligned"),
            };
            let (name, align) = (Ident::new(&name, at_init), align.as_ref());
            let align = align.map(|align| quote_spanned!(at_init=> ::<_, { #align }>));
            quote_spanned!(at_init=> #name #align)
        };
        let alloc = match (channels, init, annotation) {
            (Some((_, [value, frames, channels])), ..) => {
                let method = method("alloc_channels");
                let call = quote_spanned!(at_init=> zone.#method(channels, frames, value));
                // In the order in which they are written.
                quote_spanned! {here=>
                    match (#value, #frames, #channels) { (value, frames, channels) => #call }
                }
            }
            (None, Expr::Repeat(list), None | Some(Type::Slice(_))) => {
                let (value_init, len_init) = (&list.expr, &list.len);
                let value = Ident::new("value", here.located_at(value_init.span()));
                let len = Ident::new("len", here.located_at(len_init.span()));
                let method = method("alloc_slice");
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
