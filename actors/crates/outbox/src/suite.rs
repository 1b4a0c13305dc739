//! The suite that every outbox must pass, whole and in parts.
//!
//! Each promise of the traits is a case, which runs over the model, over the board with a journal in memory, and over the
//! board with the journal on disk. What a journal must do by itself stands in `journal`.

mod bounds;
mod dead;
pub(crate) mod harness;
mod hints;
mod journal;
mod lanes;
mod leases;
mod memo;
mod memory_journal;
mod model;
mod newest;
mod outcomes;
mod ownership;
pub(crate) mod reconciles;
mod storage;

/// Makes a test for each case and each outbox.
macro_rules! run_for_all {
    ($($group:ident: $($case:ident),+ $(,)?;)+) => {
        run_for_all!(@kind over_model Model $($group: $($case),+;)+);
        run_for_all!(@kind over_memory Memory $($group: $($case),+;)+);
        run_for_all!(@kind over_sqlite Sqlite $($group: $($case),+;)+);
    };
    (@kind $name:ident $kind:ident $($group:ident: $($case:ident),+;)+) => {
        mod $name {
            $(mod $group { $(
                #[test]
                fn $case() {
                    crate::suite::$group::$case(crate::suite::harness::OutboxKind::$kind);
                }
            )+ })+
        }
    };
}

run_for_all! {
    lanes:
        of_one_lane_only_the_oldest_is_handed_out,
        lanes_and_providers_are_independent,
        the_oldest_come_first_and_no_more_than_asked_for,
        a_lane_waits_behind_its_retry,
        a_lane_waits_behind_its_parked_delivery,
        a_settled_delivery_frees_its_lane_at_once,
        a_redriven_delivery_comes_before_younger_ones_but_never_beside_one;
    leases:
        a_leased_delivery_is_handed_out_to_nobody_else,
        a_released_delivery_is_back_where_it_was,
        a_number_that_is_not_leased_can_not_be_settled,
        a_take_whose_reply_is_dropped_leases_nothing,
        a_lease_holds_what_was_planned;
    outcomes:
        a_retry_is_due_at_its_time_and_counts_an_attempt,
        a_retry_time_that_has_passed_is_due_at_once,
        a_parked_delivery_is_due_at_its_time_at_the_latest,
        waking_makes_everything_due_at_once,
        waking_one_provider_leaves_others_alone,
        what_is_done_is_gone,
        next_due_looks_past_leases;
    dead:
        a_dead_letter_is_listed_with_its_failure_and_time,
        a_redriven_letter_starts_anew,
        redrive_counts_only_dead_letters,
        a_discarded_letter_is_gone_for_good,
        letters_are_dropped_after_their_retention,
        letters_beyond_their_bound_are_dropped_in_the_order_of_death,
        dead_lettering_all_spares_what_is_leased,
        what_is_past_its_deadline_expires_and_is_counted_by_provider;
    bounds:
        what_cannot_fit_is_refused_and_nothing_of_it_is_stored,
        issue_17_a_full_outbox_takes_room_back_from_the_namespace_that_has_most,
        issue_17_bytes_come_back_from_the_namespace_that_has_most,
        issue_17_dead_letters_are_dropped_of_the_namespace_that_has_most,
        unplanned_events_count_as_records,
        issue_17_unplanned_events_of_a_namespace_leave_room_for_those_of_others,
        issue_17_bytes_of_unplanned_events_leave_room_for_those_of_others,
        issue_17_namespaces_take_turns_at_being_planned,
        bytes_are_bounded_and_come_back,
        beyond_a_providers_bound_its_oldest_waiting_delivery_dies,
        overflow_spares_leases_and_other_providers,
        beyond_a_providers_bytes_its_oldest_waiting_deliveries_die,
        what_overflowed_is_told_once_by_provider,
        dead_letters_are_bounded_in_bytes_and_leave_room_for_others,
        a_tally_counts_by_alert_up_to_its_limit,
        a_list_is_bounded_by_its_limit,
        issue_18_a_list_finds_what_ids_name_however_much_waits_before_it;
    storage:
        what_was_appended_survives_a_reopening,
        settlements_survive_a_reopening,
        a_reopening_frees_leases,
        ids_are_never_given_twice_and_numbers_ascend,
        an_id_stays_the_same_over_restarts,
        an_append_without_deliveries_stores_nothing,
        an_unplanned_event_waits_for_its_plan,
        an_unplanned_event_survives_a_reopening,
        an_empty_plan_removes_the_event,
        a_plan_for_an_unknown_event_is_ignored,
        an_event_that_is_set_aside_is_planned_no_more,
        a_list_shows_every_state,
        counts_are_by_provider_and_in_total,
        a_closed_outbox_refuses_everything_that_waits,
        the_end_is_told_to_who_waits_for_it;
    hints:
        the_listener_is_told_of_what_is_there_already,
        the_listener_is_told_after_an_append,
        the_listener_is_told_of_a_woken_provider,
        the_listener_is_told_of_a_lane_that_moves_on,
        the_listener_is_told_of_redriven_and_released_deliveries,
        the_listener_is_told_of_what_takes_a_parked_deliverys_place;
    newest:
        of_several_that_wait_only_the_newest_is_handed_out,
        what_is_superseded_stays_away_after_a_crash,
        two_of_one_event_are_one,
        a_newer_one_takes_the_place_of_a_retry_at_once,
        a_newer_one_takes_the_place_of_a_parked_one_at_once,
        a_leased_one_is_spared_until_its_lease_ends,
        a_leased_one_that_ends_leaves_the_newer_one_its_lane,
        a_released_lease_is_superseded,
        it_shares_its_lane_with_its_like_only,
        an_outdated_letter_is_not_redriven,
        a_redriven_letter_takes_the_place_of_older_ones;
    memo:
        a_memo_is_recalled_oldest_first,
        what_is_remembered_again_is_the_newest,
        what_is_forgotten_is_gone,
        calls_take_effect_in_their_order_before_anybody_waits,
        a_memo_is_bounded_and_its_oldest_entry_leaves_first,
        the_memo_of_a_deleted_provider_goes_with_it;
    reconciles:
        issue_20_what_was_postponed_survives_a_crash_in_its_order,
        issue_20_what_is_settled_is_gone_at_once_and_for_good,
        issue_20_a_closed_outbox_postpones_nothing;
}
