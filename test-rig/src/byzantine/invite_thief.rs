//! Comes with an invite that was somebody else's: it has the table's secret from it, and shakes hands with a key that no
//! invite and no seat stands for, again and again before it shows its own.

use super::{Lying, Stage};

/// So often for each other seat, and then it comes as who it is.
const THEFTS_PER_SEAT: usize = 2;

#[derive(Debug, Default)]
pub(super) struct InviteThief {
    thefts: usize,
}

impl Lying for InviteThief {
    fn is_stranger(&mut self, stage: &Stage) -> bool {
        let others = stage.pen.roster.len().saturating_sub(1);
        self.thefts += 1;
        self.thefts <= THEFTS_PER_SEAT * others
    }
}

#[cfg(test)]
mod tests {
    use bitcraps_core::crypto::Seat;
    use bitcraps_core::mesh::Refusal;
    use bitcraps_core::table::TableRules;

    use crate::cli::SUPPORTED;
    use crate::scenario::load;
    use crate::sim::Room;

    #[test]
    fn whoever_comes_with_a_stolen_invite_is_sent_away_and_the_table_forms_without_it() {
        let text = "name = \"thief\"\nplayers = 7\n\n[[byzantine]]\nplayer = 2\nbehaviour = \"invite-thief\"\n";
        let scenario = load("thief", text, &SUPPORTED).unwrap();
        for seed in 1..=3 {
            let mut room = Room::new(scenario.clone(), seed, TableRules::default()).unwrap();
            room.form().unwrap();
            let honest = room.phones.iter().filter(|phone| phone.is_honest());
            let sent_away: u64 = honest
                .map(|phone| {
                    let stats = phone.node.stats();
                    assert!(phone.node.table().gone(Seat(2)).is_none());
                    let refused = stats.refused.get(&Refusal::NotSeated);
                    refused.copied().unwrap_or_default()
                })
                .sum();
            assert!(sent_away > 0, "seed {seed}: it was never refused");
        }
    }
}
