//! Scenario 20: a phone that fell far behind takes over a state, and none that a quorum did not sign.

mod cluster;

use bitcraps_core::consensus::{Ignored, Message, StateMessage};
use bitcraps_core::crypto::{Seat, SeatSet};
use bitcraps_core::wire::Kind;
use cluster::Cluster;
use cluster::forge::TAG;

/// Phone 3 knows the first slots only, and hears nothing; the others have a stable checkpoint far above. With the state
/// that one of them sent it.
fn far_behind() -> (Cluster, u64, StateMessage) {
    let mut cluster = Cluster::mesh(4);
    (0..3).for_each(|to| cluster.cut(3, to));
    for bet in 1..=100 {
        cluster.submit(bet % 3, b"bet");
        cluster.expect(&[0, 1, 2], bet, 60_000);
    }
    cluster.run_for(1_000);
    cluster.blocked.insert((0, 3));
    cluster.connect(0, 3);
    cluster.run_for(1_000);
    let state = cluster
        .sends
        .iter()
        .find(|(by, bytes)| *by == 0 && bytes[0] == Kind::State as u8);
    let Ok((_, Message::State(state))) = Message::from_wire(&state.expect("a state").1) else {
        panic!("no state was sent");
    };
    let slot = state
        .last
        .as_ref()
        .expect("a checkpoint")
        .certificate
        .checkpoint
        .sequence;
    assert!(slot >= 80 && cluster.phones[3].replica.delivered().0 == 0);
    (cluster, slot, state)
}

/// What phone 3 says to a state.
fn say(cluster: &mut Cluster, slot: u64, state: StateMessage) -> Result<(), Ignored> {
    cluster.inject(0, 3, &Message::State(state).to_wire(TAG, 0, slot))
}

#[test]
fn a_state_that_fewer_than_a_quorum_signed_is_not_taken() {
    let (mut cluster, slot, state) = far_behind();
    for missing in 0..3 {
        let mut short = state.clone();
        let certificate = &mut short.last.as_mut().unwrap().certificate;
        let signers: Vec<Seat> = certificate.signers.iter().collect();
        let rest = signers.iter().filter(|seat| **seat != signers[missing]);
        certificate.signers = rest.copied().collect::<SeatSet>();
        certificate.signatures.remove(missing);
        assert_eq!(
            say(&mut cluster, slot, short),
            Err(Ignored::BadSignature),
            "without {missing}"
        );
    }
    // As many as there must be, one of them in place of another.
    let mut swapped = state.clone();
    let certificate = &mut swapped.last.as_mut().unwrap().certificate;
    certificate.signatures[0] = certificate.signatures[1];
    assert_eq!(say(&mut cluster, slot, swapped), Err(Ignored::BadSignature));
    assert!(cluster.phones[3].installed.is_empty());
    assert_eq!(say(&mut cluster, slot, state), Ok(()));
    assert_eq!(cluster.phones[3].installed, [slot]);
}

#[test]
fn a_state_with_one_byte_changed_is_not_taken() {
    let (mut cluster, slot, state) = far_behind();
    let application = state.last.as_ref().unwrap().application.len();
    let progress = state.last.as_ref().unwrap().progress.len();
    for at in 0..application {
        let mut bent = state.clone();
        bent.last.as_mut().unwrap().application[at] ^= 1;
        assert!(say(&mut cluster, slot, bent).is_err(), "state byte {at}");
    }
    for at in 0..progress {
        let mut bent = state.clone();
        bent.last.as_mut().unwrap().progress[at] ^= 1;
        assert!(say(&mut cluster, slot, bent).is_err(), "progress byte {at}");
    }
    let mut elsewhere = state.clone();
    elsewhere
        .last
        .as_mut()
        .unwrap()
        .certificate
        .checkpoint
        .sequence += 16;
    assert!(say(&mut cluster, slot + 16, elsewhere).is_err());
    let mut of_another_epoch = state.clone();
    of_another_epoch.last.as_mut().unwrap().epoch = 1;
    assert!(say(&mut cluster, slot, of_another_epoch).is_err());
    assert!(cluster.phones[3].installed.is_empty());
    assert_eq!(say(&mut cluster, slot, state), Ok(()));
}

#[test]
fn a_neighbour_that_never_answers_holds_a_late_phone_up_no_longer_than_the_others_need() {
    let (mut cluster, slot, _) = far_behind();
    // Phone 0 stays deaf towards it; 1 and 2 answer.
    (1..3).for_each(|to| cluster.connect(3, to));
    cluster.run_for(3_000);
    let (late, first) = (&cluster.phones[3], &cluster.phones[1]);
    assert!(late.replica.delivered().0 >= slot);
    assert_eq!(late.replica.delivered(), first.replica.delivered());
    assert_eq!(late.model, first.model);
}
