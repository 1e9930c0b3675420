//! Where signatures of others are checked, and the seam at which a simulator may remember verdicts.
//!
//! A phone checks everything itself: that is the default, and costs nothing more. In a simulator the phones of a whole
//! room live in one process, and each checks the same signatures for itself. Such a check is a pure function of key,
//! message and signature, so one phone's verdict is every phone's, and the room may keep it.

use std::fmt;
use std::sync::Arc;

use super::{
    Context, Digest, DigestWriter, Identity, OpenError, Roster, Seat, Signature, Signed, Statement,
};

/// Verdicts that are kept: only for processes in which many phones check the same things.
///
/// Whoever implements it must give back what `check` gave for the same name, and may forget at any time.
pub trait Verdicts: fmt::Debug + Send + Sync {
    /// The verdict that is kept under a name; else the one that `check` gives now.
    fn verdict(&self, name: &Digest, check: &mut dyn FnMut() -> bool) -> bool;
}

/// Checks signatures and proofs: each for itself, unless verdicts are kept.
#[derive(Clone, Default)]
pub struct Checker(Option<Arc<dyn Verdicts>>);

impl Checker {
    /// Looks among kept verdicts first.
    #[must_use]
    pub fn with(verdicts: Arc<dyn Verdicts>) -> Self {
        Self(Some(verdicts))
    }

    /// As [`Signed::open`], with the key of a member.
    ///
    /// # Errors
    /// [`OpenError`]; the signature is looked at first.
    pub fn open<T: Statement>(
        &self,
        bytes: &[u8],
        signature: Signature,
        context: &Context,
        (roster, signer): (&Roster, Seat),
    ) -> Result<Signed<T>, OpenError> {
        let key = roster.key(signer).ok_or(OpenError::Signature)?;
        Signed::open_if(bytes, signature, context, |message| {
            let parts = [&key.to_bytes()[..], message, &signature.0];
            let check = || roster.verify(signer, message, &signature);
            self.holds("signature", &parts, check)
        })
    }

    /// As [`Signed::sign`]. Where verdicts are kept, the one on this signature is known from here on: that a key's own
    /// signature fits is what a signature is.
    pub fn sign<T: Statement>(
        &self,
        value: T,
        context: &Context,
        identity: &Identity,
    ) -> Signed<T> {
        let signed = Signed::sign(value, context, identity);
        if self.0.is_some() {
            let key = identity.public_key().to_bytes();
            let message = signed.message(context);
            self.vouch("signature", &[&key, &message, &signed.signature().0]);
        }
        signed
    }

    /// Whoever has just made something that [`Checker::holds`] would find to hold says so. Without kept verdicts nobody
    /// listens.
    pub fn vouch(&self, kind: &str, parts: &[&[u8]]) {
        if self.0.is_some() {
            self.holds(kind, parts, || true);
        }
    }

    /// Whether something holds that `check` decides from `parts` alone; `kind` keeps different checks apart.
    pub fn holds(&self, kind: &str, parts: &[&[u8]], check: impl Fn() -> bool) -> bool {
        let Some(verdicts) = &self.0 else {
            return check();
        };
        let mut name = DigestWriter::new("bitcraps/verdict/v1");
        name.part(kind.as_bytes());
        parts.iter().for_each(|part| name.part(part));
        verdicts.verdict(&name.finish(), &mut || check())
    }
}

impl fmt::Debug for Checker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.0.is_some() {
            "Checker(with kept verdicts)"
        } else {
            "Checker"
        })
    }
}

/// All checkers give the same verdicts.
impl PartialEq for Checker {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Checker {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use super::*;
    use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    struct Ante(u64);
    impl Encode for Ante {
        fn encode(&self, writer: &mut Writer) {
            writer.u64(self.0);
        }
    }
    impl Decode for Ante {
        fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
            reader.u64().map(Self)
        }
    }
    impl Statement for Ante {
        const TAG: &'static str = "test/ante";
    }

    /// Keeps every verdict, and counts the checks.
    #[derive(Default, Debug)]
    struct All(Mutex<(BTreeMap<Digest, bool>, usize)>);
    impl Verdicts for All {
        fn verdict(&self, name: &Digest, check: &mut dyn FnMut() -> bool) -> bool {
            let (kept, checks) = &mut *self.0.lock().unwrap();
            *kept.entry(*name).or_insert_with(|| {
                *checks += 1;
                check()
            })
        }
    }

    #[test]
    fn kept_verdicts_are_those_of_exactly_this_key_message_and_signature() {
        let kept = Arc::new(All::default());
        let (plain, keeping) = (Checker::default(), Checker::with(kept.clone()));
        let context = Context(Digest([1; 32]));
        let identities = [3, 4].map(|seed| Identity::from_seed(&[seed; 32]));
        let signed = identities
            .each_ref()
            .map(|identity| [25, 26].map(|chips| Signed::sign(Ante(chips), &context, identity)));
        let signed: Vec<_> = signed.into_iter().flatten().collect();
        let keys = identities.each_ref().map(Identity::public_key);
        let roster = Roster::new(keys.to_vec()).unwrap();
        for _ in 0..2 {
            for seat in roster.seats() {
                for one in &signed {
                    for other in &signed {
                        let open = |checker: &Checker| {
                            checker.open::<Ante>(
                                one.bytes(),
                                *other.signature(),
                                &context,
                                (&roster, seat),
                            )
                        };
                        assert_eq!(open(&plain), open(&keeping));
                    }
                }
            }
        }
        // Two keys, two statements, four signatures: each combination is checked once.
        assert_eq!(kept.0.lock().unwrap().1, 16);
    }

    #[test]
    fn what_was_signed_here_is_known_to_fit_and_nothing_else_is() {
        let kept = Arc::new(All::default());
        let keeping = Checker::with(kept.clone());
        let context = Context(Digest([1; 32]));
        let identities = [3, 4].map(|seed| Identity::from_seed(&[seed; 32]));
        let keys = identities.each_ref().map(Identity::public_key);
        let roster = Roster::new(keys.to_vec()).unwrap();
        let [signed, plain] = [
            keeping.sign(Ante(25), &context, &identities[0]),
            Signed::sign(Ante(25), &context, &identities[0]),
        ];
        assert_eq!(signed, plain);
        let open = |bytes: &[u8], context: &Context, seat: u8| {
            let by = (&roster, Seat(seat));
            let opened = keeping.open::<Ante>(bytes, *signed.signature(), context, by);
            opened.is_ok()
        };
        let asked = || kept.0.lock().unwrap().1;
        let before = asked();
        assert!(open(signed.bytes(), &context, 0));
        assert_eq!(asked(), before, "nobody had to check it");
        assert!(!open(signed.bytes(), &context, 1), "another key");
        assert!(!open(signed.bytes(), &Context(Digest([2; 32])), 0));
        assert!(!open(&26_u64.to_le_bytes(), &context, 0));
        assert_eq!(asked(), before + 3);
    }
}
