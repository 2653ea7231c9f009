#pragma once

#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "http/server/route.hpp"
#include "http/services.hpp"

/// The handlers behind `/v1/executions*`, for the one table in executions.cpp. Source: spec/executions.md §3.
namespace cued::http {

using execution_handler = boost::asio::awaitable<result<response>>(services&, request&);

execution_handler list_executions;        // executions.cpp
execution_handler get_execution;          // executions.cpp
execution_handler replay_execution;       // executions.cpp
execution_handler replay_executions;      // execution_bulk_replay.cpp
execution_handler list_claimable;         // execution_claims.cpp
execution_handler claim_execution;        // execution_claims.cpp
execution_handler claim_next_execution;   // execution_claims.cpp
execution_handler claim_executions;       // execution_claim_batch.cpp
execution_handler report_outcomes;        // execution_outcome_batch.cpp
execution_handler heartbeat_execution;    // execution_claims.cpp
execution_handler live_claim_execution;   // execution_claims.cpp
execution_handler report_outcome;         // execution_outcome.cpp
execution_handler add_execution_evidence; // execution_outcome.cpp
execution_handler verify_execution;       // execution_verification.cpp
execution_handler park_execution;         // execution_verification.cpp

/// The path's `{execution_id}` in canonical form; nothing when it is no uuid, and then no such execution exists.
[[nodiscard]] std::optional<std::string> execution_id_in(const request& in);

/// The id as the client spelled it, which most answers repeat.
[[nodiscard]] const std::string& execution_id_as_sent(const request& in);

} // namespace cued::http
