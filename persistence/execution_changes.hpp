#pragma once

#include <optional>
#include <string>

#include "persistence/postgres/connection.hpp"

/// What workers and people change on an execution besides claim and outcome (those go through the actors): heartbeat,
/// verification, evidence, live-claim. Each is one conditional UPDATE, so that of two concurrent calls that exclude
/// each other exactly one succeeds. All answer 404 `execution_not_found` for what is not the caller's.
/// Ids are canonical uuids. Never touches `status` or the cue. Source: spec/executions.md §6.3, §8, §10.
namespace cued::persistence {

/// A sign of life: writes last_heartbeat_at. 409 `execution_not_claiming` unless delivering; 403 `not_execution_owner`
/// when `worker_id` is given and another worker holds the claim.
[[nodiscard]] result<void> record_heartbeat(connection& db, const std::string& user_id, const std::string& execution_id,
                                            const std::optional<std::string>& worker_id, instant now);

/// Accepts or rejects an outcome that is still undecided (domain/verification.hpp) and answers its new state.
/// The reason of a rejection goes to the evidence summary. 409 `invalid_state`.
[[nodiscard]] result<std::string> give_verdict(connection& db, const std::string& user_id,
                                               const std::string& execution_id, bool valid,
                                               const std::optional<std::string>& reason);

/// Parks an outcome until somebody has looked at it. 409 `no_outcome`.
[[nodiscard]] result<void> park_for_verification(connection& db, const std::string& user_id,
                                                 const std::string& execution_id);

/// What is absent stays as it is. JSON members are JSON text.
struct evidence_patch {
  std::optional<std::string> external_id, result_url, result_ref, result_type, summary;
  std::optional<std::string> artifacts_json, metadata_json;
};

/// Adds evidence to a recorded outcome and answers its outcome_state, which is not judged anew. 409 `no_outcome`.
[[nodiscard]] result<std::optional<std::string>>
add_evidence(connection& db, const std::string& user_id, const std::string& execution_id, const evidence_patch& patch);

/// Binds the execution to the first session that attests it and answers when that was; repeating it with the same
/// token changes nothing. 409 `already_attested` for any other token.
[[nodiscard]] result<instant> attest_live_claim(connection& db, const std::string& user_id,
                                                const std::string& execution_id, const std::string& session_token,
                                                instant now);

} // namespace cued::persistence
