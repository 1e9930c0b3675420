//! What a key costs: the CPU time of one member for its part, and the bytes of every signed dealing and acknowledgement.

use bitcraps_core::consensus::{Message, Quorum, Request, SignedBytes};
use bitcraps_core::crypto::{Context, Digest, Identity, Roster, Seat, Signed};
use bitcraps_core::dice::{Ceremony, CheckedDealing, CoinKey, SecretShare};
use bitcraps_core::table::{AttemptId, Operation};
use bitcraps_core::wire::Encode;
use serde_json::{Value, json};

use super::clock::{least_by_size, micros_each};

/// How many ceremonies the mean is taken over, each time.
const CEREMONIES: u16 = 5;
const TABLE: Digest = Digest([7; 32]);

/// The members of an epoch.
pub(super) struct Members {
    pub(super) identities: Vec<Identity>,
    roster: Roster,
}

impl Members {
    pub(super) fn new(n: u8) -> Result<Self, String> {
        let identities: Vec<Identity> = (1..=n).map(|at| Identity::from_seed(&[at; 32])).collect();
        let keys = identities.iter().map(Identity::public_key).collect();
        let roster = Roster::new(keys).map_err(|error| error.to_string())?;
        Ok(Self { identities, roster })
    }

    fn ceremony(&self, attempt: u16) -> Ceremony {
        let threshold = Quorum::of(self.roster.len()).q;
        Ceremony::new(TABLE, 0, attempt, self.roster.clone(), threshold)
    }

    /// A key, and every member's share of it.
    pub(super) fn key(&self) -> Result<(CoinKey, Vec<SecretShare>), String> {
        let ceremony = self.ceremony(0);
        let dealings = self.dealings(&ceremony)?;
        let secrets = self.identities.iter().zip(0..).map(|(identity, seat)| {
            let opened = dealings
                .iter()
                .map(|d| ceremony.open(identity, Seat(seat), d));
            let opened = opened.collect::<Result<Vec<_>, _>>();
            opened.map(|opened| SecretShare::sum(opened.iter()))
        });
        let secrets = secrets.collect::<Result<Vec<_>, _>>();
        let secrets = secrets.map_err(|_| "a share was false".to_owned())?;
        Ok((ceremony.key(dealings.iter()), secrets))
    }

    fn dealings(&self, ceremony: &Ceremony) -> Result<Vec<CheckedDealing>, String> {
        let dealers = self.identities.iter().zip(0..).take(ceremony.threshold());
        let dealt = dealers.map(|(identity, seat)| {
            let dealing = ceremony.deal(identity, Seat(seat));
            ceremony.check(Seat(seat), dealing)
        });
        let dealt = dealt.collect::<Result<Vec<_>, _>>();
        dealt.map_err(|error| error.to_string())
    }

    /// Everything that one member does: deal, check q dealings, open its shares, put the key together.
    fn take_part(&self, ceremony: &Ceremony, others: &[CheckedDealing]) -> Result<(), String> {
        let own = ceremony.deal(&self.identities[0], Seat(0));
        let checked = others
            .iter()
            .map(|dealing| ceremony.check(dealing.dealer(), dealing.dealing().clone()));
        let checked = checked.collect::<Result<Vec<_>, _>>();
        let checked = checked.map_err(|error| error.to_string())?;
        let opened = checked
            .iter()
            .map(|dealing| ceremony.open(&self.identities[0], Seat(0), dealing));
        let opened = opened.collect::<Result<Vec<_>, _>>();
        let opened = opened.map_err(|_| "a share was false".to_owned())?;
        let share = SecretShare::sum(opened.iter());
        let key = ceremony.key(checked.iter());
        if *others[0].dealing() != own || key.member_key(Seat(0)) != Some(share.public()) {
            return Err("the ceremony went wrong".into());
        }
        Ok(())
    }

    /// Every member's dealing and acknowledgement, as signed messages. Fewer dealings are made when all goes well: who
    /// sees q need not deal.
    fn transcript_bytes(&self, ceremony: &Ceremony) -> usize {
        let (epoch, attempt) = (ceremony.epoch(), ceremony.attempt());
        let id = AttemptId { epoch, attempt };
        let members = self.identities.iter().zip(0..);
        let sizes = members.map(|(identity, seat)| {
            let dealing = Box::new(ceremony.deal(identity, Seat(seat)));
            let operations = [Operation::Deal(id, dealing), Operation::Acknowledge(id)];
            operations
                .iter()
                .map(|operation| message_bytes(identity, Seat(seat), operation))
                .sum::<usize>()
        });
        sizes.sum()
    }
}

fn message_bytes(identity: &Identity, player: Seat, operation: &Operation) -> usize {
    let request = Request {
        player,
        number: 1,
        skips: false,
        payload: operation.to_bytes(),
    };
    let signed = Signed::sign(request, &Context(TABLE), identity);
    let bytes = SignedBytes {
        statement: signed.bytes().to_vec(),
        signature: *signed.signature(),
    };
    Message::Request(bytes).to_wire(0, 0, 1).len()
}

/// A ceremony and what q members deal in it.
type Dealt = (Ceremony, Vec<CheckedDealing>);

pub(super) fn run() -> Result<Value, String> {
    let prepare = |n| {
        let members = Members::new(n)?;
        let ceremonies = (0..CEREMONIES).map(|attempt| {
            let ceremony = members.ceremony(attempt);
            let dealings = members.dealings(&ceremony)?;
            Ok((ceremony, dealings))
        });
        let ceremonies = ceremonies.collect::<Result<Vec<_>, String>>()?;
        Ok((members, ceremonies))
    };
    let work = |(members, ceremonies): &mut (Members, Vec<Dealt>)| {
        let mut ceremonies = ceremonies.iter();
        ceremonies.try_for_each(|(ceremony, dealings)| members.take_part(ceremony, dealings))
    };
    least_by_size(prepare, work, |(members, _), took| {
        json!({
            "cpu_us": micros_each(took, CEREMONIES.into()),
            "transcript_bytes": members.transcript_bytes(&members.ceremony(0)),
        })
    })
}
