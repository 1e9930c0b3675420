//! The coin and its key, without a table: any t shares make the same roll, and whatever is bent is refused.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod ceremonies;

use bitcraps_core::crypto::{Checker, Digest, Seat};
use bitcraps_core::dice::{
    Ceremony, CheckedShare, Complaint, Dealing, DealingError, RollInput, SHARE_BYTES, Share,
    ShareError, Verdict, dice_of,
};
use bitcraps_core::wire::{Decode, Encode};
use ceremonies::{Coin, TABLE, ceremony, identity, threshold};

fn checker() -> Checker {
    Checker::default()
}

fn input(roll: u64) -> RollInput {
    RollInput::new(&TABLE, 0, roll, &Digest([7; 32]))
}

#[test]
fn any_t_shares_give_the_same_roll_for_every_table_of_four_to_eighteen() {
    for n in 4..=18 {
        let coin = Coin::of(n);
        let input = input(1);
        let shares = coin.checked(&input);
        let t = threshold(n);
        let first = coin.key.combine(&input, &shares[..t]).unwrap();
        // Every rotation, and every second one from both ends: as disjoint as they can be.
        for turn in 0..n {
            let mut turned = shares.clone();
            turned.rotate_left(turn);
            assert_eq!(
                coin.key.combine(&input, &turned[..t]),
                Some(first),
                "n {n}, turn {turn}"
            );
            turned.reverse();
            assert_eq!(
                coin.key.combine(&input, &turned),
                Some(first),
                "n {n}, turn {turn}, reversed"
            );
        }
        assert_eq!(
            coin.key.combine(&input, &shares[..t - 1]),
            None,
            "t − 1 make nothing"
        );
        let mut twice = shares[..t].to_vec();
        twice[t - 1] = twice[0];
        assert_eq!(
            coin.key.combine(&input, &twice),
            None,
            "one share twice makes nothing"
        );
    }
}

#[test]
fn an_own_share_is_the_one_that_others_check_and_none_is_made_for_another_key() {
    let (coin, input) = (Coin::of(4), input(1));
    for (at, secret) in coin.secrets.iter().enumerate() {
        let seat = Seat(u8::try_from(at).unwrap());
        let own = coin.key.own(&checker(), seat, secret, &input).unwrap();
        assert_eq!(coin.key.check(&checker(), &input, own.share()), Ok(own));
        let other = Seat((seat.0 + 1) % 4);
        assert_eq!(coin.key.own(&checker(), other, secret, &input), None);
    }
    assert_eq!(
        coin.key.own(&checker(), Seat(9), &coin.secrets[0], &input),
        None
    );
}

#[test]
fn tables_of_two_and_three_need_everybody() {
    for n in [2, 3] {
        let coin = Coin::of(n);
        let input = input(1);
        let shares = coin.checked(&input);
        assert!(coin.key.combine(&input, &shares).is_some());
        assert_eq!(coin.key.combine(&input, &shares[1..]), None);
    }
}

#[test]
fn other_rolls_epochs_tables_and_chains_have_other_values() {
    let coin = Coin::of(4);
    let value = |input: &RollInput| coin.key.combine(input, &coin.checked(input)).unwrap();
    let chain = Digest([7; 32]);
    let inputs = [
        RollInput::new(&TABLE, 0, 1, &chain),
        RollInput::new(&TABLE, 0, 2, &chain),
        RollInput::new(&TABLE, 1, 1, &chain),
        RollInput::new(&TABLE, 0, 1, &Digest([8; 32])),
        RollInput::new(&Digest([1; 32]), 0, 1, &chain),
    ];
    let values: std::collections::BTreeSet<[u8; 32]> = inputs.iter().map(value).collect();
    assert_eq!(values.len(), inputs.len());
    let share = Share::make(Seat(1), &coin.secrets[1], &inputs[0]);
    for other in &inputs[1..] {
        assert_eq!(
            coin.key.check(&checker(), other, &share),
            Err(ShareError::Proof(Seat(1)))
        );
    }
}

#[test]
fn a_share_of_somebody_else_or_with_any_bit_flipped_is_refused() {
    let coin = Coin::of(4);
    let input = input(1);
    let share = Share::make(Seat(2), &coin.secrets[2], &input);
    assert!(coin.key.check(&checker(), &input, &share).is_ok());
    let mut as_another = share;
    as_another.signer = Seat(1);
    assert_eq!(
        coin.key.check(&checker(), &input, &as_another),
        Err(ShareError::Proof(Seat(1)))
    );
    as_another.signer = Seat(4);
    assert_eq!(
        coin.key.check(&checker(), &input, &as_another),
        Err(ShareError::Stranger(Seat(4)))
    );
    let with_wrong_key = Share::make(Seat(2), &coin.secrets[1], &input);
    assert_eq!(
        coin.key.check(&checker(), &input, &with_wrong_key),
        Err(ShareError::Proof(Seat(2)))
    );
    let bytes = share.to_bytes();
    assert_eq!(bytes.len(), SHARE_BYTES);
    for bit in 8..8 * bytes.len() {
        let mut bent = bytes.clone();
        bent[bit / 8] ^= 1 << (bit % 8);
        let bent = Share::from_bytes(&bent).unwrap();
        assert!(
            coin.key.check(&checker(), &input, &bent).is_err(),
            "bit {bit}"
        );
    }
    for value in [[0; 32], [0xff; 32]] {
        let bent = Share { value, ..share };
        assert_eq!(
            coin.key.check(&checker(), &input, &bent),
            Err(ShareError::Encoding(Seat(2)))
        );
    }
}

#[test]
fn a_key_of_another_attempt_epoch_or_table_checks_no_share_of_this_one() {
    let coin = Coin::of(4);
    let input = input(1);
    let share = Share::make(Seat(0), &coin.secrets[0], &input);
    let roster = coin.ceremony.roster().clone();
    let others = [
        Ceremony::new(TABLE, 0, 1, roster.clone(), 3),
        Ceremony::new(TABLE, 1, 0, roster.clone(), 3),
        Ceremony::new(Digest([1; 32]), 0, 0, roster, 3),
    ];
    for other in others {
        let dealings = Coin::dealings(&other);
        assert_ne!(other.key(dealings.iter()).group_key(), coin.key.group_key());
        assert!(
            other
                .key(dealings.iter())
                .check(&checker(), &input, &share)
                .is_err()
        );
        // Nor does a dealing of this attempt pass for one of another.
        let replayed = coin.ceremony.deal(&identity(0), Seat(0));
        assert_eq!(other.check(Seat(0), replayed), Err(DealingError::Proof));
    }
}

#[test]
fn a_dealing_comes_out_the_same_again_and_only_whole() {
    let ceremony = ceremony(7);
    let dealing = ceremony.deal(&identity(3), Seat(3));
    assert_eq!(dealing, ceremony.deal(&identity(3), Seat(3)));
    assert_eq!(
        Dealing::from_bytes(&dealing.to_bytes()),
        Ok(dealing.clone())
    );
    assert_eq!(
        ceremony.check(Seat(7), dealing.clone()),
        Err(DealingError::Stranger(Seat(7)))
    );
    assert_eq!(
        ceremony.check(Seat(2), dealing.clone()),
        Err(DealingError::Proof)
    );
    let mut short = dealing.clone();
    short.shares.pop();
    let size = DealingError::Size {
        commitments: 5,
        shares: 6,
    };
    assert_eq!(ceremony.check(Seat(3), short), Err(size));
    let mut flat = dealing.clone();
    flat.commitments[4] = [0; 32];
    assert_eq!(
        ceremony.check(Seat(3), flat),
        Err(DealingError::Commitment(4))
    );
    let bytes = dealing.to_bytes();
    let public = 1 + 32 * 5 + 64;
    for byte in 0..=public {
        let mut bent = bytes.clone();
        bent[byte] ^= 1;
        let checked = Dealing::from_bytes(&bent).map(|bent| ceremony.check(Seat(3), bent));
        assert!(!matches!(checked, Ok(Ok(_))), "byte {byte}");
    }
    for (at, member) in ceremony.roster().seats().enumerate() {
        for bit in [0, 100, 255] {
            let mut bent = dealing.clone();
            bent.shares[at][bit / 8] ^= 1 << (bit % 8);
            let checked = ceremony.check(Seat(3), bent).unwrap();
            assert!(
                ceremony
                    .open(&identity(member.0), member, &checked)
                    .is_err()
            );
        }
    }
}

#[test]
fn a_false_share_convicts_its_dealer_and_a_false_complaint_whoever_makes_it() {
    let ceremony = ceremony(4);
    let honest = ceremony
        .check(Seat(0), ceremony.deal(&identity(0), Seat(0)))
        .unwrap();
    let bad = ceremonies::deal_falsely(&ceremony, 0, Seat(2));
    let bad = ceremony.check(Seat(0), bad).unwrap();
    assert!(ceremony.open(&identity(1), Seat(1), &bad).is_ok());
    let complaint = ceremony.open(&identity(2), Seat(2), &bad).unwrap_err();
    assert_eq!(ceremony.judge(Seat(2), &complaint, &bad), Verdict::Dealer);
    let guilty = |by, complaint: &Complaint, dealing| {
        assert_eq!(ceremony.judge(by, complaint, dealing), Verdict::Complainer);
    };
    guilty(Seat(2), &ceremony.complain(&identity(2), Seat(0)), &honest);
    guilty(Seat(1), &ceremony.complain(&identity(1), Seat(0)), &bad);
    // Somebody else's complaint in one's own name, and one about another dealer.
    guilty(Seat(1), &complaint, &bad);
    let mut about_another = complaint;
    about_another.dealer = Seat(1);
    guilty(Seat(2), &about_another, &bad);
    let bytes = complaint.to_bytes();
    assert_eq!(bytes.len(), Complaint::BYTES);
    let mut bent = bytes;
    bent[40] ^= 1;
    guilty(Seat(2), &Complaint::from_bytes(&bent).unwrap(), &bad);
}

#[test]
fn fewer_than_t_shares_fit_every_roll() {
    // With t − 1 shares of the values 0 … every group element can still be the roll: the last share decides. Two keys
    // that agree in t − 1 secret shares differ in the roll.
    let coin = Coin::of(4);
    let input = input(1);
    let shares: Vec<CheckedShare> = coin.checked(&input);
    let full = coin.key.combine(&input, &shares[..3]).unwrap();
    let other = Coin::with_salt(4, 1);
    let mixed = [shares[0], shares[1], other.checked(&input)[2]];
    assert_ne!(coin.key.combine(&input, &mixed), Some(full));
}

#[test]
fn a_hundred_thousand_rolls_pass_chi_square_and_serial_tests() {
    let secret = ceremonies::lone_secret();
    let mut counts = [0_u64; 36];
    let mut pairs = vec![0_u64; 36 * 36];
    let mut last = None;
    for roll in 1..=100_000_u64 {
        let input = input(roll);
        let value = Share::make(Seat(0), &secret, &input).value;
        let (first, second) = dice_of(&input, &value);
        let outcome = usize::from((first - 1) * 6 + second - 1);
        counts[outcome] += 1;
        if let Some(last) = last.replace(outcome) {
            pairs[36 * last + outcome] += 1;
        }
    }
    // Σ (count − e)² / e, times 36 to stay in integers: e = 100,000/36.
    let chi = |counts: &[u64], cells: u64, total: u64| {
        let squares = counts.iter().map(|c| (c * cells).abs_diff(total).pow(2));
        squares.sum::<u64>() / (cells * total)
    };
    let singles = chi(&counts, 36, 100_000);
    let serial = chi(&pairs, 36 * 36, 99_999);
    // 0.999 quantiles for 35 and 1,295 degrees of freedom: 66.6 and 1,457. The seed is fixed.
    assert!(singles < 67, "{singles}");
    assert!(serial < 1_457, "{serial}");
}

/// A key of four members, shares and dice, as somebody else's program must get them.
fn check_values() -> String {
    use std::fmt::Write as _;
    let hex = |bytes: &[u8]| -> String {
        bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    };
    let coin = Coin::of(4);
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name} {value}");
    };
    line("table", &hex(&TABLE.0));
    line("roster", &hex(&coin.ceremony.roster().to_bytes()));
    for dealer in 0..3 {
        let dealing = coin.ceremony.deal(&identity(dealer), Seat(dealer));
        line(&format!("dealing {dealer}"), &hex(&dealing.to_bytes()));
    }
    line("group key", &hex(&coin.key.group_key()));
    for seat in 0..4 {
        let key = coin.key.member_key(Seat(seat)).unwrap();
        line(&format!("member key {seat}"), &hex(&key));
    }
    for roll in 1..4 {
        let input = input(roll);
        line(&format!("m {roll}"), &hex(input.message()));
        let checked = coin.checked(&input);
        for checked in &checked {
            let share = checked.share();
            line(
                &format!("share {roll} {}", share.signer),
                &hex(&share.to_bytes()),
            );
        }
        let value = coin.key.combine(&input, &checked).unwrap();
        line(&format!("value {roll}"), &hex(&value));
        let (first, second) = dice_of(&input, &value);
        line(&format!("dice {roll}"), &format!("{first} {second}"));
    }
    text
}

#[test]
fn keys_shares_and_dice_are_exactly_the_documented_ones() {
    let values = check_values();
    assert!(
        values == include_str!("data/dice.txt"),
        "these are not the values of tests/data/dice.txt:\n{values}"
    );
}
