//! What the copy's parameters are, and what must hold for it.

use super::fields::{How, Part};
use super::options::{self, TypeOptions};
use proc_macro2::Spacing::Joint;
use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::punctuated::Punctuated;
use syn::{
    Error, GenericParam, Generics, Lifetime, Path, Result, Token, TypeParam, TypeParamBound,
    WherePredicate, parse_quote,
};

/// The type's generics with the lifetime of the target zone before them, without defaults.
pub(super) fn with_zone(generics: &Generics, zone: &Lifetime) -> Generics {
    let mut generics = generics.clone();
    generics.params.insert(0, parse_quote!(#zone));
    for parameter in &mut generics.params {
        if let GenericParam::Type(parameter) = parameter {
            parameter.attrs.retain(|attribute| !attribute.path().is_ident("deep_copy"));
        }
    }
    generics
}

/// Which of its lifetimes is the zone's.
pub(super) fn own_zone(generics: &Generics, options: &TypeOptions) -> Result<Option<Lifetime>> {
    let declared: Vec<_> = generics.lifetimes().map(|l| &l.lifetime).collect();
    let names = || {
        let names: Vec<_> = declared.iter().map(|lifetime| format!("`{lifetime}`")).collect();
        names.join(", ")
    };
    match (&options.zone, &*declared) {
        (Some(named), _) if declared.contains(&named) => Ok(Some(named.clone())),
        (Some(named), []) => {
            let help = format!("`{named}` is not a lifetime of this type, which has none");
            Err(Error::new_spanned(named, help))
        }
        (Some(named), _) => {
            let help = format!("`{named}` is not a lifetime of this type: it has {}", names());
            Err(Error::new_spanned(named, help))
        }
        (None, []) => Ok(None),
        (None, [only]) => Ok(Some((*only).clone())),
        (None, [first, second, ..]) => {
            let help = format!(
                "one of the lifetimes {} is the zone's, but it is not clear which: write \
                 `#[deep_copy(zone = {first})]` above the type; what borrows from the others stays as it is",
                names()
            );
            Err(Error::new_spanned(second, help))
        }
    }
}

/// The type's parameters, and which of them change with the zone.
pub(super) struct Parameters<'i> {
    generics: &'i Generics,
    /// Those whose values are copied: they become `T::Copied`. All others stay.
    copied: Vec<&'i TypeParam>,
    memzone: &'i Path,
    zone: &'i Lifetime,
    own_zone: Option<&'i Lifetime>,
}

impl<'i> Parameters<'i> {
    pub(super) fn of(
        generics: &'i Generics,
        parts: &[&Part<'_>],
        options: &'i TypeOptions,
        zone: &'i Lifetime,
        own_zone: Option<&'i Lifetime>,
    ) -> Result<Self> {
        let mut copied = Vec::new();
        for parameter in generics.type_params() {
            let values = |part: &&Part<'_>| {
                part.how == How::Copied && holds(part.field.ty.to_token_stream(), &parameter.ident)
            };
            if !options::keeps_parameter(&parameter.attrs)? && parts.iter().any(values) {
                copied.push(parameter);
            }
        }
        for parameter in generics.const_params() {
            options::refuse(
                &parameter.attrs,
                "a constant parameter takes no option: it stays the same in the copy",
            )?;
        }
        for parameter in generics.lifetimes() {
            let help =
                "to name the zone's lifetime, write `#[deep_copy(zone = 'z)]` above the type";
            options::refuse(&parameter.attrs, help)?;
        }
        Ok(Parameters { generics, copied, memzone: &options.memzone, zone, own_zone })
    }

    /// The arguments of the copy's type.
    pub(super) fn copied_arguments(&self) -> Vec<TokenStream> {
        let argument = |parameter: &GenericParam| match parameter {
            GenericParam::Lifetime(parameter) if Some(&parameter.lifetime) == self.own_zone => {
                self.zone.to_token_stream()
            }
            GenericParam::Lifetime(parameter) => parameter.lifetime.to_token_stream(),
            GenericParam::Type(parameter) => match self.copied(&parameter.ident) {
                Some(copied) => copied,
                None => parameter.ident.to_token_stream(),
            },
            GenericParam::Const(parameter) => parameter.ident.to_token_stream(),
        };
        self.generics.params.iter().map(argument).collect()
    }

    /// That the copies of those that change keep their lifetimes.
    pub(super) fn keep_lifetimes(&self) -> Vec<TokenStream> {
        let (memzone, zone) = (self.memzone, self.zone);
        let each = |parameter: &&'i TypeParam| {
            let name = &parameter.ident;
            let of = match self.is_unsized(parameter) {
                true => quote!(#memzone::__private::Referent),
                false => quote!(#memzone::DeepCopy),
            };
            let copied = self.copied(name);
            quote!(.and::<#zone, #name, #copied>(<#name as #of<#zone>>::KEEPS_LIFETIMES))
        };
        self.copied.iter().map(each).collect()
    }

    /// Whether the copy's type is the type itself.
    pub(super) fn all_stay(&self) -> bool {
        self.are_kept() && self.own_zone.is_none()
    }

    /// Whether the copy's type is the type itself but for its lifetimes.
    pub(super) fn are_kept(&self) -> bool {
        self.copied.is_empty()
    }

    /// What a parameter becomes, if it does not stay.
    fn copied(&self, name: &Ident) -> Option<TokenStream> {
        let parameter = self.copied.iter().find(|parameter| parameter.ident == *name)?;
        let (memzone, zone) = (self.memzone, self.zone);
        let of = match self.is_unsized(parameter) {
            true => quote!(#memzone::__private::Referent),
            false => quote!(#memzone::DeepCopy),
        };
        Some(quote_spanned!(name.span()=> <#name as #of<#zone>>::Copied))
    }

    /// Whether it need not be sized, as it lies behind a reference.
    fn is_unsized(&self, parameter: &TypeParam) -> bool {
        let clause = self.generics.where_clause.iter().flat_map(|clause| &clause.predicates);
        let in_clause = clause.filter_map(|predicate| match predicate {
            WherePredicate::Type(bound) if is_path(&bound.bounded_ty, &parameter.ident) => {
                Some(&bound.bounds)
            }
            _ => None,
        });
        in_clause.chain([&parameter.bounds]).flatten().any(is_maybe)
    }

    /// That each parameter can be copied, or outlives the zone, and that its copy meets the bounds that it
    /// meets itself.
    pub(super) fn predicates(&self, parts: &[&Part<'_>]) -> Result<Vec<WherePredicate>> {
        let (memzone, zone) = (self.memzone, self.zone);
        let mut predicates = Vec::new();
        for lifetime in self.generics.lifetimes().map(|l| &l.lifetime) {
            if Some(lifetime) != self.own_zone {
                predicates.push(parse_quote!(#lifetime: #zone));
            }
        }
        for parameter in self.generics.type_params() {
            let name = &parameter.ident;
            let Some(copied) = self.copied(name) else {
                predicates.push(parse_quote!(#name: #zone));
                continue;
            };
            predicates.push(match self.is_unsized(parameter) {
                true => parse_quote!(#name: #memzone::__private::Referent<#zone>),
                false => parse_quote!(#name: #memzone::DeepCopy<#zone>),
            });
            let bounds = sized(&parameter.bounds);
            if !bounds.is_empty() {
                let bounds = self.substitute(quote!(#bounds))?;
                predicates.push(parse_quote!(#copied: #bounds));
            }
        }
        for predicate in self.generics.where_clause.iter().flat_map(|clause| &clause.predicates) {
            let mut predicate = predicate.clone();
            if let WherePredicate::Type(bound) = &mut predicate {
                bound.bounds = sized(&bound.bounds);
                if bound.bounds.is_empty() {
                    continue;
                }
            }
            let predicate = self.substitute(quote!(#predicate))?;
            predicates.push(parse_quote!(#predicate));
        }
        for part in parts {
            let ty = part.field.ty.to_token_stream();
            match part.how {
                How::Copied => {
                    self.references(ty.clone(), &mut predicates)?;
                    self.projections(ty, &mut predicates)?;
                }
                How::Kept if self.names_a_parameter(&ty) => {
                    predicates.push(parse_quote!(#ty: ::core::clone::Clone));
                }
                How::Flat if self.names_a_parameter(&ty) => {
                    predicates.push(parse_quote!(#ty: ::core::marker::Copy));
                }
                _ => {}
            }
        }
        Ok(predicates)
    }

    fn names_a_parameter(&self, tokens: &TokenStream) -> bool {
        self.generics.type_params().any(|parameter| names(tokens.clone(), &parameter.ident))
    }

    /// That references to what need not be sized can be copied, and are references to its copy then.
    fn references(&self, tokens: TokenStream, predicates: &mut Vec<WherePredicate>) -> Result<()> {
        let (memzone, zone) = (self.memzone, self.zone);
        let tokens: Vec<_> = tokens.into_iter().collect();
        for (index, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => self.references(group.stream(), predicates)?,
                TokenTree::Punct(punct) if punct.as_char() == '&' => {
                    let rest: TokenStream = tokens[index..].iter().cloned().collect();
                    let parser = |input: syn::parse::ParseStream<'_>| {
                        let reference: syn::TypeReference = input.parse()?;
                        input.parse::<TokenStream>()?;
                        Ok(reference)
                    };
                    let Ok(reference) = syn::parse::Parser::parse2(parser, rest) else { continue };
                    let to_unsized = |parameter: &TypeParam| {
                        self.is_unsized(parameter) && is_path(&reference.elem, &parameter.ident)
                    };
                    if self.copied.iter().any(|parameter| to_unsized(parameter)) {
                        let copied = self.substitute(reference.to_token_stream())?;
                        predicates.push(parse_quote!(
                            #reference: #memzone::DeepCopy<#zone, Copied = #copied>
                        ));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// That associated types in a field can be copied, and that their copies are the copy's associated types.
    fn projections(&self, tokens: TokenStream, predicates: &mut Vec<WherePredicate>) -> Result<()> {
        let (memzone, zone) = (self.memzone, self.zone);
        let mut rest = tokens;
        loop {
            let mut tokens = rest.clone().into_iter();
            let Some(first) = tokens.next() else { return Ok(()) };
            if let Some((path, after)) = self.projection(rest.clone()) {
                let copied = self.substitute(path.clone())?;
                // The same one twice does no harm.
                let bound = parse_quote!(#path: #memzone::DeepCopy<#zone, Copied = #copied>);
                predicates.push(bound);
                rest = after;
                continue;
            }
            if let TokenTree::Group(group) = &first {
                self.projections(group.stream(), predicates)?;
            }
            rest = tokens.collect();
        }
    }

    /// The associated type of a parameter that the tokens begin with, and what is after it.
    fn projection(&self, tokens: TokenStream) -> Option<(TokenStream, TokenStream)> {
        let mut ahead = tokens.clone().into_iter();
        let begins = match ahead.next()? {
            TokenTree::Ident(name) => self.is_parameter(&name) && is_colons(ahead.next()),
            TokenTree::Punct(punct) if punct.as_char() == '<' => match (ahead.next(), ahead.next())
            {
                (Some(TokenTree::Ident(name)), Some(TokenTree::Ident(word))) => {
                    self.is_parameter(&name) && word == "as"
                }
                _ => false,
            },
            _ => false,
        };
        if !begins {
            return None;
        }
        let parser = |input: syn::parse::ParseStream<'_>| {
            let path: syn::TypePath = input.parse()?;
            Ok((path.to_token_stream(), input.parse()?))
        };
        syn::parse::Parser::parse2(parser, tokens).ok()
    }

    fn is_parameter(&self, name: &Ident) -> bool {
        self.generics.type_params().any(|parameter| parameter.ident == *name)
    }

    /// The one trait among a parameter's bounds that may have associated types.
    fn only_trait(&self, name: &Ident) -> Option<Path> {
        const WITHOUT_TYPES: [&str; 16] = [
            "Clone",
            "Copy",
            "Debug",
            "Default",
            "Display",
            "Eq",
            "Hash",
            "Ord",
            "PartialEq",
            "PartialOrd",
            "Send",
            "Sized",
            "Sync",
            "Unpin",
            "Any",
            "DeepCopy",
        ];
        let parameters = self.generics.type_params().filter(|parameter| parameter.ident == *name);
        let declared = parameters.map(|parameter| &parameter.bounds);
        let clause = self.generics.where_clause.iter().flat_map(|clause| &clause.predicates);
        let in_clause = clause.filter_map(|predicate| match predicate {
            WherePredicate::Type(bound) if is_path(&bound.bounded_ty, name) => Some(&bound.bounds),
            _ => None,
        });
        let mut traits = declared.chain(in_clause).flatten().filter_map(|bound| match bound {
            TypeParamBound::Trait(bound) if !is_maybe_trait(bound) => {
                let last = bound.path.segments.last()?;
                (!WITHOUT_TYPES.iter().any(|name| last.ident == name)).then(|| bound.path.clone())
            }
            _ => None,
        });
        let only = traits.next();
        if traits.next().is_some() { None } else { only.map(without_bindings) }
    }

    /// Writes `T::Copied` for each parameter `T` that is copied and the zone for the type's lifetime.
    fn substitute(&self, tokens: TokenStream) -> Result<TokenStream> {
        let mut substituted = TokenStream::new();
        let mut after_quote = false;
        let mut after_colons = false;
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            let new = match token {
                TokenTree::Group(group) => {
                    let inner = self.substitute(group.stream())?;
                    TokenTree::Group(Group::new(group.delimiter(), inner)).into()
                }
                TokenTree::Ident(ident) if after_quote => match self.own_zone {
                    Some(lifetime) if lifetime.ident == ident => {
                        let mut zone = self.zone.ident.clone();
                        zone.set_span(ident.span());
                        TokenTree::Ident(zone).into()
                    }
                    _ => TokenTree::Ident(ident).into(),
                },
                TokenTree::Ident(ident) if !after_colons => match self.copied(&ident) {
                    Some(copied) if is_colons(tokens.peek().cloned()) => {
                        let Some(of) = self.only_trait(&ident) else {
                            let help = format!(
                                "name the trait here, `<{ident} as Trait>::..`: this must hold for the \
                                 copy's type too, which has no short form"
                            );
                            return Err(Error::new_spanned(ident, help));
                        };
                        let of = self.substitute(of.into_token_stream())?;
                        quote!(<#copied as #of>)
                    }
                    Some(copied) => copied,
                    None => TokenTree::Ident(ident).into(),
                },
                TokenTree::Punct(ref punct) => {
                    after_quote = punct.as_char() == '\'';
                    after_colons = punct.as_char() == ':' && ends_in_colon(&substituted);
                    substituted.extend([token]);
                    continue;
                }
                other => other.into(),
            };
            (after_quote, after_colons) = (false, false);
            substituted.extend(new);
        }
        Ok(substituted)
    }
}

/// A trait's path as it stands before `::`: what is said of its associated types is no part of that.
fn without_bindings(mut path: Path) -> Path {
    if let Some(last) = path.segments.last_mut() {
        if let syn::PathArguments::AngleBracketed(arguments) = &mut last.arguments {
            let kept = arguments.args.iter().filter(|argument| {
                !matches!(
                    argument,
                    syn::GenericArgument::AssocType(_) | syn::GenericArgument::Constraint(_)
                )
            });
            arguments.args = kept.cloned().collect();
        }
    }
    path
}

/// The bounds that can be asked of another type too: `?Sized` is not one.
fn sized(bounds: &Punctuated<TypeParamBound, Token![+]>) -> Punctuated<TypeParamBound, Token![+]> {
    bounds.iter().filter(|bound| !is_maybe(bound)).cloned().collect()
}

fn is_maybe(bound: &TypeParamBound) -> bool {
    matches!(bound, TypeParamBound::Trait(bound) if is_maybe_trait(bound))
}

fn is_maybe_trait(bound: &syn::TraitBound) -> bool {
    matches!(bound.modifier, syn::TraitBoundModifier::Maybe(_))
}

fn is_path(ty: &syn::Type, name: &Ident) -> bool {
    matches!(ty, syn::Type::Path(path) if path.qself.is_none() && path.path.is_ident(name))
}

/// Whether the parameter is named.
fn names(tokens: TokenStream, name: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => names(group.stream(), name),
        _ => false,
    })
}

/// Whether there are values of the parameter in it: it is named, and not only for an associated type.
fn holds(tokens: TokenStream, name: &Ident) -> bool {
    let mut tokens = tokens.into_iter().peekable();
    let mut after_open = false;
    while let Some(token) = tokens.next() {
        let open = core::mem::take(&mut after_open);
        match token {
            TokenTree::Ident(ident) if ident == *name => {
                let qualified =
                    open && matches!(tokens.peek(), Some(TokenTree::Ident(word)) if word == "as");
                if !qualified && !is_colons(tokens.peek().cloned()) {
                    return true;
                }
            }
            TokenTree::Group(group) if holds(group.stream(), name) => return true,
            TokenTree::Punct(punct) => after_open = punct.as_char() == '<',
            _ => {}
        }
    }
    false
}

/// Whether it is the first of two colons, after which a path goes on.
fn is_colons(token: Option<TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == ':' && punct.spacing() == Joint)
}

/// Whether the last token is a `:` that another one follows at once: a path goes on.
fn ends_in_colon(tokens: &TokenStream) -> bool {
    is_colons(tokens.clone().into_iter().last())
}
