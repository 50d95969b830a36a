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
        if let (true, Some(lifetime)) = (ends_in(&field.ty, "Keep"), of_zone) {
            let help = format!(
                "`Keep` passes on what outlives all zones, but this borrows from the zone `{lifetime}`: \
                 leave `Keep` out, and it is copied"
            );
            return Err(Error::new_spanned(&field.ty, help));
        }
        let is_another = |lifetime: &Lifetime| {
            let declared = generics.lifetimes().any(|l| l.lifetime == *lifetime);
            lifetime.ident == "static" || declared && Some(lifetime) != zone
        };
        let of_another = lifetimes.iter().any(is_another);
        let how = match option {
            Some(FieldOption::Keep) => How::Kept,
            Some(FieldOption::Flat) => How::Flat,
            None if ends_in(&field.ty, "PhantomData") => How::Marker,
            None if is_function_pointers(&field.ty) => {
                if let Some(lifetime) = of_zone {
                    let help = format!(
                        "a function pointer stays as it is, and this one is for the zone `{lifetime}` only, which \
                         the copy is not in: let it be for all, `for<'a> fn(&'a ..)` or `fn(&..)`"
                    );
                    return Err(Error::new_spanned(&field.ty, help));
                }
                How::Flat
            }
            // It borrows from elsewhere, where it stays.
            None if of_zone.is_none() && of_another => match &field.ty {
                Type::Reference(reference) if reference.mutability.is_none() => How::Flat,
                _ => How::Kept,
            },
            None => {
                if let Some(lifetime) = borrowed(field.ty.to_token_stream(), &is_another) {
                    let help = format!(
                        "this borrows from the zone and, in it, from `{lifetime}`: write `Keep<&{lifetime} ..>` \
                         (`memzone::Keep`) there, which is passed on as it is; without it, it would be copied too"
                    );
                    return Err(Error::new_spanned(&field.ty, help));
                }
                How::Copied
            }
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

    /// The call that makes its copy of what `name` is: a reference in the two ways that copy. `to` is the zone, whose
    /// methods nobody can replace: it takes only what `Copies` itself has made.
    pub(super) fn call(
        &self,
        method: &str,
        name: &Ident,
        rest: &TokenStream,
        to: &Ident,
        memzone: &Path,
        zone: &Lifetime,
    ) -> TokenStream {
        let ty = &self.field.ty;
        let moves = method.starts_with("move");
        // From the type's first token to its last: that is where an error in it is shown.
        let (first, last) = ends(ty);
        match self.how {
            How::Copied => {
                let call = self.copies(method, quote!(#name, #rest), memzone, zone);
                let question = quote_spanned!(last=> ?);
                if method.ends_with("later") {
                    let wait = Ident::new("await", Span::mixed_site());
                    // SAFETY: (I41) the whole value is copied, and the copy is handed on.
                    return quote!(#to.__later(unsafe { #call }).#wait #question);
                }
                // SAFETY: (I41) the whole value is copied, and the copy is handed on.
                quote!(#to.__made(unsafe { #call }) #question)
            }
            How::Marker => quote!(::core::marker::PhantomData),
            _ if moves => name.to_token_stream(),
            How::Kept => {
                let path = quote_spanned!(first=> <#ty as ::core::clone::Clone>::clone);
                let arguments = quote_spanned!(last=> (#name));
                quote!(#path #arguments)
            }
            How::Flat => {
                let flat = self.flat(memzone);
                quote!(#to.__flat(#flat, #name))
            }
        }
    }

    /// That its type is `Copy`, as memzone says it.
    fn flat(&self, memzone: &Path) -> TokenStream {
        let ty = &self.field.ty;
        let (first, last) = ends(ty);
        let constant = Ident::new("FLAT", last);
        quote_spanned!(first=> <#ty as #memzone::__private::Bits>::#constant)
    }

    /// What says whether the zone may go back after a copy of it that has failed. What is kept is cloned by the user's code.
    pub(super) fn and_undo(
        &self,
        memzone: &Path,
        zone: &Lifetime,
        known: &Ident,
    ) -> Option<TokenStream> {
        let ty = &self.field.ty;
        match self.how {
            How::Copied => {
                let part = quote_spanned!(ty.span()=> <#ty as #memzone::__private::Copies<#zone, _>>::undo(#known));
                Some(quote!(.and::<#ty>(#part)))
            }
            How::Kept => Some(quote!(.and_kept())),
            How::Flat | How::Marker => None,
        }
    }

    /// What its type promises. `path` is that of the struct or variant that it is a field of, and `index` its place there.
    pub(super) fn and_in_place(
        &self,
        path: &TokenStream,
        index: usize,
        memzone: &Path,
        zone: &Lifetime,
    ) -> TokenStream {
        let (ty, at) = (&self.field.ty, self.looked_at(path, index));
        match self.how {
            How::Copied => {
                let part = self.constant("IN_PLACE", memzone, zone);
                quote!(.and::<#zone, #ty, _>(#part, #at))
            }
            How::Kept => quote!(.and_kept::<#zone, #ty>(#at)),
            How::Flat => {
                let flat = self.flat(memzone);
                quote!(.and_flat::<#zone, #ty>(#flat, #at))
            }
            How::Marker => quote!(.and_marker(::core::option::Option::None::<#ty>)),
        }
    }

    /// A function that says which type the field has in the copy (I45). It is never called. The `let` has the field's
    /// type alone, whatever is expected: what is expected could be reached by a coercion.
    fn looked_at(&self, path: &TokenStream, index: usize) -> TokenStream {
        let member = self.member(index);
        let at = self.field.ty.span();
        let hidden = |name| Ident::new(name, Span::mixed_site().located_at(at));
        let [copy, look, part, found] = ["copy", "look", "part", "found"].map(hidden);
        quote_spanned! {at=>
            |#copy, #look| match #copy {
                #path { #member: #part, .. } => {
                    let #found = #look.at(#part);
                    #found
                }
                #[allow(unreachable_patterns)]
                _ => #look.elsewhere(),
            }
        }
    }

    /// A constant of its type, as `Copies` has it.
    pub(super) fn constant(&self, name: &str, memzone: &Path, zone: &Lifetime) -> TokenStream {
        let ty = &self.field.ty;
        let name = Ident::new(name, ty.span());
        match self.how {
            How::Copied => {
                quote_spanned!(ty.span()=> <#ty as #memzone::__private::Copies<#zone, _>>::#name)
            }
            How::Kept => quote!(false),
            How::Flat | How::Marker => quote!(true),
        }
    }

    /// Whether its copy is written apart from what is around it.
    pub(super) fn is_written(&self, in_enum: bool) -> bool {
        match self.how {
            How::Copied | How::Kept => true,
            How::Flat => !in_enum,
            How::Marker => false,
        }
    }

    /// What writes its copy to its place. `run` takes only what `Copies` itself says of that.
    pub(super) fn write_at(
        &self,
        name: &Ident,
        place: &TokenStream,
        run: &Ident,
        memzone: &Path,
        zone: &Lifetime,
    ) -> TokenStream {
        match self.how {
            How::Copied => {
                let call = self.copies("write_at", quote!(#name, #place, #run), memzone, zone);
                wrote(&call, run)
            }
            How::Kept => {
                let ty = &self.field.ty;
                let clone = quote!(|| <#ty as ::core::clone::Clone>::clone(#name));
                // SAFETY: (I42) what calls it has the place for the copy, and the run that it is a part of.
                quote!(unsafe { #run.put(#place, #clone) })
            }
            How::Flat => {
                let flat = self.flat(memzone);
                // SAFETY: (I42) as above.
                quote!({ unsafe { (#place).write(#run.flat(#flat, #name)) }; true })
            }
            How::Marker => quote!(#run.marker(#place)),
        }
    }

    /// What writes its copy to where it lies in an enum's copy.
    pub(super) fn write_inside(
        &self,
        name: &Ident,
        from: &Ident,
        to: &Ident,
        run: &Ident,
        memzone: &Path,
        zone: &Lifetime,
    ) -> Option<TokenStream> {
        match self.how {
            How::Copied => {
                let arguments = quote!(#name, #from, #to, #run);
                let call = self.copies("write_inside", arguments, memzone, zone);
                Some(wrote(&call, run))
            }
            How::Kept => {
                let ty = &self.field.ty;
                // SAFETY: (I42) the field lies in the value, and the copy lies in memory alike.
                let inside = quote!(unsafe { #run.inside::<#ty>(#from, #to, #name) });
                let clone = quote!(|| <#ty as ::core::clone::Clone>::clone(#name));
                Some(quote!({
                    let inside = #inside;
                    // SAFETY: (I42) as above.
                    unsafe { #run.put(inside, #clone) }
                }))
            }
            How::Flat | How::Marker => None,
        }
    }

    /// Its bytes, where an enum's may have to be written without them.
    pub(super) fn hole(
        &self,
        name: &Ident,
        run: &Ident,
        memzone: &Path,
        zone: &Lifetime,
    ) -> Option<TokenStream> {
        match self.how {
            How::Copied => {
                let call = self.copies("hole", quote!(#name), memzone, zone);
                // SAFETY: (I42) the part is written next.
                Some(quote!(unsafe { #call }))
            }
            // SAFETY: (I42) as above.
            How::Kept => Some(quote!(unsafe { #run.hole(#name) })),
            How::Flat | How::Marker => None,
        }
    }

    /// A call of its type's own, shown at that type.
    fn copies(
        &self,
        method: &str,
        arguments: TokenStream,
        memzone: &Path,
        zone: &Lifetime,
    ) -> TokenStream {
        let ty = &self.field.ty;
        let (first, last) = ends(ty);
        let method = Ident::new(method, last);
        let mut genuine = genuine();
        genuine.set_span(genuine.span().located_at(last));
        let path = quote_spanned!(first=> <#ty as #memzone::__private::Copies<#zone, _>>::#method);
        let arguments = quote_spanned!(last=> ::<#genuine> (#arguments));
        quote!(#path #arguments)
    }

    /// Whether values of its type may own something, as far as that is seen: then it may be nested by that.
    pub(super) fn may_own(&self) -> bool {
        self.how == How::Copied && may_own(&self.field.ty)
    }
}

/// The type that shows that the trait is memzone's own. All that is unsafe wants it (I44).
pub(super) fn genuine() -> Ident {
    Ident::new("MemzoneGenuine", Span::mixed_site())
}

/// What writes a part, and hands on whether it has.
fn wrote(call: &TokenStream, run: &Ident) -> TokenStream {
    let written = Ident::new("written", Span::mixed_site());
    quote!({
        // SAFETY: (I42) what calls it has the place for the copy, and the run that it is a part of.
        let #written = unsafe { #call };
        #run.wrote(#written)
    })
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

/// A lifetime that something is borrowed for in it, but for what `Keep` or `PhantomData` is said of.
fn borrowed(tokens: TokenStream, is_another: &impl Fn(&Lifetime) -> bool) -> Option<Lifetime> {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let is = |index: usize, wanted: &str| {
        tokens
            .get(index)
            .is_some_and(|token| wanted.split(' ').any(|word| token.to_string() == word))
    };
    for (index, token) in tokens.iter().enumerate() {
        let found = match token {
            TokenTree::Group(group) if index == 0 || !is(index - 1, "fn") => {
                borrowed(group.stream(), is_another)
            }
            _ if is(index, "&") && is(index + 1, "'") => {
                let passed_on =
                    index > 1 && is(index - 1, "<") && is(index - 2, "Keep PhantomData");
                let lifetime = match tokens.get(index + 2) {
                    Some(TokenTree::Ident(ident)) => {
                        Some(Lifetime { apostrophe: token.span(), ident: ident.clone() })
                    }
                    _ => None,
                };
                lifetime.filter(|lifetime| !passed_on && is_another(lifetime))
            }
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
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

/// Whether the type's path ends in this name, with arguments.
fn ends_in(ty: &Type, name: &str) -> bool {
    match ty {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last().is_some_and(|last| {
            last.ident == name && matches!(last.arguments, PathArguments::AngleBracketed(_))
        }),
        Type::Group(group) => ends_in(&group.elem, name),
        Type::Paren(group) => ends_in(&group.elem, name),
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

/// Whether values of a type may own something: not if it is made of references and plain values.
fn may_own(ty: &Type) -> bool {
    const PLAIN: [&str; 17] = [
        "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16",
        "u32", "u64", "u128", "usize", "str",
    ];
    match ty {
        Type::Reference(_) | Type::BareFn(_) | Type::Never(_) => false,
        Type::Group(group) => may_own(&group.elem),
        Type::Paren(group) => may_own(&group.elem),
        Type::Array(array) => may_own(&array.elem),
        Type::Tuple(tuple) => tuple.elems.iter().any(may_own),
        Type::Path(path) if path.qself.is_none() => {
            let Some(last) = path.path.segments.last() else { return true };
            match &last.arguments {
                PathArguments::None => !PLAIN.iter().any(|name| last.ident == name),
                PathArguments::AngleBracketed(arguments) => {
                    let inner = arguments.args.iter().any(|argument| match argument {
                        syn::GenericArgument::Type(inner) => may_own(inner),
                        syn::GenericArgument::Lifetime(_) => false,
                        _ => true,
                    });
                    inner || (last.ident != "Option" && last.ident != "Cell")
                }
                PathArguments::Parenthesized(_) => true,
            }
        }
        _ => true,
    }
}
