//! How each field goes to the other zone, as its type and its attribute say.

use super::options::FieldOption;
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{
    DeriveInput, Error, Field, Generics, Index, Lifetime, Path, PathArguments, Result, Type,
};

/// A field and how it goes.
pub(super) struct Part<'f> {
    pub(super) field: &'f Field,
    pub(super) how: How,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum How {
    /// By its type's `DeepCopy`.
    Copied,
    /// As it is: moved, or cloned.
    Kept,
    /// As it is, bit by bit.
    Flat,
    /// It holds nothing: a `PhantomData` is made anew.
    Marker,
}

impl<'f> Part<'f> {
    pub(super) fn of(
        field: &'f Field,
        generics: &Generics,
        zone: Option<&Lifetime>,
    ) -> Result<Self> {
        let option = FieldOption::of(&field.attrs)?;
        let lifetimes = lifetimes(field.ty.to_token_stream());
        let of_zone =
            lifetimes.iter().find(|lifetime| Some(&lifetime.ident) == zone.map(|z| &z.ident));
        if let (Some(option), Some(lifetime)) = (option, of_zone) {
            let option = if option == FieldOption::Keep { "keep" } else { "flat" };
            let help = format!(
                "`#[deep_copy({option})]` passes the field on as it is, but it borrows from the zone \
                 `{lifetime}`, which the copy does not"
            );
            return Err(Error::new_spanned(&field.ty, help));
        }
        let of_another = lifetimes.iter().any(|lifetime| {
            lifetime.ident == "static" || generics.lifetimes().any(|l| l.lifetime == *lifetime)
        });
        let how = match option {
            Some(FieldOption::Keep) => How::Kept,
            Some(FieldOption::Flat) => How::Flat,
            None if is_marker(&field.ty) => How::Marker,
            None if is_function_pointers(&field.ty) => How::Flat,
            // It borrows from elsewhere, where it stays.
            None if of_zone.is_none() && of_another => match &field.ty {
                Type::Reference(reference) if reference.mutability.is_none() => How::Flat,
                _ => How::Kept,
            },
            None => How::Copied,
        };
        Ok(Part { field, how })
    }

    /// Its name, or its number.
    pub(super) fn member(&self, index: usize) -> TokenStream {
        match &self.field.ident {
            Some(name) => quote!(#name),
            None => Index::from(index).into_token_stream(),
        }
    }

    /// The call that makes its copy of what `name` is: a reference in the two ways that copy.
    pub(super) fn call(
        &self,
        method: &str,
        name: &Ident,
        rest: &TokenStream,
        memzone: &Path,
        zone: &Lifetime,
        wait: TokenStream,
    ) -> TokenStream {
        let ty = &self.field.ty;
        let moves = method.starts_with("move");
        // From the type's first token to its last: that is where an error in it is shown.
        let (first, last) = ends(ty);
        match self.how {
            How::Copied => {
                let method = Ident::new(method, last);
                let path = quote_spanned!(first=> <#ty as #memzone::DeepCopy<#zone>>::#method);
                let arguments = quote_spanned!(last=> (#name, #rest));
                let question = quote_spanned!(last=> ?);
                quote!(#path #arguments #wait #question)
            }
            How::Marker => quote!(::core::marker::PhantomData),
            _ if moves => name.to_token_stream(),
            How::Kept => {
                let path = quote_spanned!(first=> <#ty as #memzone::__private::Kept>::kept);
                let arguments = quote_spanned!(last=> (#name));
                quote!(#path #arguments)
            }
            How::Flat => {
                let path = quote_spanned!(first=> <#ty as #memzone::__private::Bits>::bits);
                let arguments = quote_spanned!(last=> (#name));
                quote!(#path #arguments)
            }
        }
    }

    /// Whether it holds nothing but itself.
    pub(super) fn is_flat(&self, memzone: &Path, zone: &Lifetime) -> TokenStream {
        let ty = &self.field.ty;
        match self.how {
            How::Copied => {
                quote_spanned!(ty.span()=> <#ty as #memzone::DeepCopy<#zone>>::FLAT)
            }
            How::Kept => quote!(false),
            How::Flat | How::Marker => quote!(true),
        }
    }
}

/// A lifetime for the zone that is copied to, by a name that nothing in the type has.
pub(super) fn unused_lifetime(input: &DeriveInput) -> Lifetime {
    let used = lifetimes(input.to_token_stream());
    let mut name = String::from("'memzone");
    while used.iter().any(|lifetime| lifetime.to_string() == name) {
        name.push('_');
    }
    Lifetime::new(&name, Span::call_site())
}

/// Where it begins and where it ends.
fn ends(ty: &Type) -> (Span, Span) {
    let mut tokens = ty.to_token_stream().into_iter();
    let first = tokens.next();
    let last = tokens.last().or_else(|| first.clone());
    let span = |token: Option<TokenTree>| token.map_or_else(Span::call_site, |token| token.span());
    (span(first), span(last))
}

/// All lifetimes that are named in it.
pub(super) fn lifetimes(tokens: TokenStream) -> Vec<Lifetime> {
    let mut found = Vec::new();
    let mut quoted = None;
    for token in tokens {
        let quote = quoted.take();
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '\'' => quoted = Some(punct.span()),
            TokenTree::Ident(ident) => {
                found.extend(quote.map(|apostrophe| Lifetime { apostrophe, ident }));
            }
            TokenTree::Group(group) => found.extend(lifetimes(group.stream())),
            _ => {}
        }
    }
    found
}

fn is_marker(ty: &Type) -> bool {
    match ty {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last().is_some_and(|last| {
            last.ident == "PhantomData"
                && matches!(last.arguments, PathArguments::AngleBracketed(_))
        }),
        Type::Group(group) => is_marker(&group.elem),
        Type::Paren(group) => is_marker(&group.elem),
        _ => false,
    }
}

/// Whether it is made of function pointers only: of those, no trait knows all, as each number of arguments
/// and each way to borrow in them is a type of its own. All are `Copy`.
fn is_function_pointers(ty: &Type) -> bool {
    match ty {
        Type::BareFn(_) => true,
        Type::Group(group) => is_function_pointers(&group.elem),
        Type::Paren(group) => is_function_pointers(&group.elem),
        Type::Array(array) => is_function_pointers(&array.elem),
        Type::Tuple(tuple) => {
            !tuple.elems.is_empty() && tuple.elems.iter().all(is_function_pointers)
        }
        Type::Path(path) if path.qself.is_none() => path.path.segments.last().is_some_and(|last| {
            let PathArguments::AngleBracketed(arguments) = &last.arguments else { return false };
            last.ident == "Option"
                && matches!(&arguments.args.first(), Some(syn::GenericArgument::Type(inner))
                    if is_function_pointers(inner))
        }),
        _ => false,
    }
}
