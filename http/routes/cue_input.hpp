#pragma once

#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "domain/json/value.hpp"
#include "domain/schedule.hpp"
#include "http/services.hpp"
#include "http/validation/readers.hpp"
#include "persistence/cues.hpp"

/// What create and PATCH of a cue have in common: reading the nested objects of the body, and the checks that the
/// handler makes after the types are right. Source: spec/cues.md §3.1, §3.2, §4.3.
namespace cued::http {

inline constexpr std::size_t cue_name_length_max = 255;       // column cues.name
inline constexpr std::size_t payload_bytes_max = 1024 * 1024; // spec/cues.md §3.2 check 5

struct callback_input {
  std::optional<std::string> url; ///< in normal form
  std::string method = "POST";
  std::string headers_json = "{}";
};

inline constexpr int retry_attempts_max = 10; // spec/cues.md §3.1
inline constexpr std::size_t backoff_steps_max = 50;
inline constexpr std::int64_t policy_seconds_max = 31'536'000;          ///< a year: waits, catch_up_window_seconds
inline constexpr std::int64_t outcome_deadline_seconds_max = 2'592'000; ///< thirty days

struct failure_input {
  bool email = true;
  std::optional<std::string> webhook;
  bool pause = false;

  [[nodiscard]] std::string json() const; ///< as stored: always all three members
};

// -- types: problems are noted in the readers -----------------------------

/// `callback.transport` is a mistake at create; at PATCH it is not looked at.
enum class misplaced_transport { refused, ignored };

[[nodiscard]] schedule_request read_schedule(object_reader& schedule);
[[nodiscard]] callback_input read_callback(object_reader& callback, misplaced_transport transport);
[[nodiscard]] persistence::cue_retry read_retry(object_reader& retry);
[[nodiscard]] failure_input read_failure_rules(object_reader& on_failure);
[[nodiscard]] std::string read_verification_mode(object_reader& verification);

/// The members of `body` that the reference does not know: docs/policies.md. `delivery` is replaced as a whole, so one
/// without a deadline takes the deadline away.
struct policy_input {
  std::optional<std::string> catch_up, overlap;
  std::optional<int> catch_up_window_seconds;
  std::optional<std::optional<int>> outcome_deadline_seconds; ///< `delivery` was given, with a deadline or without
};
[[nodiscard]] policy_input read_policies(object_reader& body);

// -- checks of the handler ------------------------------------------------

/// The text to be stored, with each number as its nearest double prints where it is no integer, as the reference
/// stores it. 400 `invalid_payload` for U+0000 anywhere, 400 `invalid_payload_size`. Null pointer: `{}`.
[[nodiscard]] result<std::string> storable_payload(const json::value* payload);

/// 400 `invalid_callback_url` when there is a URL and nothing of ours may ever go there.
[[nodiscard]] boost::asio::awaitable<result<void>> check_failure_webhook(services& with, const failure_input& rules,
                                                                         std::string tenant);

/// What the operator wants of times that the clock shows twice.
[[nodiscard]] overlap overlap_policy(const services& with);

} // namespace cued::http
