#pragma once

#include <cstdint>
#include <string>

#include "persistence/postgres/connection.hpp"

/// How many cues an account has, by status, at a cost that does not grow with them (migration 0011). Triggers on `cues`
/// add a row to the journal cued.cue_count_changes for whatever changes a count, whoever does it; the sum is folded
/// into cued.cue_counts now and then: by the creates of the account themselves, and by the deadline clock.
///
/// Exact: a change and its row are committed together, so what a statement sees of the journal is what it sees of the
/// cues. A fold moves rows within one statement, so nobody sees half of it.
/// No deadlock: who changes cues only inserts, and waits for nobody. Only who holds the account's lock folds; the clock
/// asks for that lock without waiting, and a create holds one anyway. With it, nobody else wants the rows.
/// Cheap also while somebody holds a snapshot: a fold says up to which transaction it has counted, and readers begin
/// there, so nobody walks past the rows that were folded and cannot be removed.
namespace cued::persistence {

/// A table of one row: cues, active, paused, completed, failed, and how many changes are not folded yet, `unfolded`.
/// `user` is an SQL expression. Goes after FROM. Index: cue_counts_by_user, cue_count_changes_by_user.
#define CUED_CUE_COUNTS_OF(user) "cued.cue_counts_of(" user ")"

/// So many changes of an account are worth a fold to a create. Reading them costs less than 50 µs.
inline constexpr std::int64_t changes_worth_folding = 200;

/// Takes the lock that the creates, and whoever folds the counts, of an account hold to the end of their transaction.
/// Not a lock on the users row: that one is updated by other requests, and they would wait for nothing.
void lock_cue_creates(session& s, const std::string& user_id);

/// Folds what has changed in the account. To be called under its lock, which was taken by an earlier statement.
void fold_cue_counts_of(session& s, const std::string& user_id);

/// Folds a portion of those accounts in which much has changed, or that are gone; one that somebody creates cues in at
/// this moment is left out. Each account is a transaction of its own, so no lock is held for long. Returns how many
/// were folded.
[[nodiscard]] result<std::size_t> fold_cue_counts(connection& db);

/// Its statement, for the test that pins plans.
[[nodiscard]] named_query fold_cue_counts_statement();

} // namespace cued::persistence
